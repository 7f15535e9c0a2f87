import { afterEach, beforeEach, expect, test } from 'vitest';
import { SwitchFixture } from '../../test/sim/switch-fixture.ts';

let fixture: SwitchFixture;

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
});

afterEach(async () => {
  await fixture.stop();
});

const packet = Buffer.from('0000000000020000000000011234', 'hex');
const tagged = Buffer.from('00000000000200000000000181000005810000061234', 'hex');

const set = (...keys: [string, string][]) =>
  fixture.change((tx, root) => tx.update('Open_vSwitch', root._uuid, { other_config: new Map(keys) }));
const receive = (...frames: Buffer[]) => {
  for (const frame of frames) fixture.device('p1').receive(frame);
};

async function count(command: string, name: string): Promise<number> {
  const text = await fixture.appctl(...(command.split(' ') as [string]));
  return Number(new RegExp(`${name}: +(\\d+)`).exec(text)?.[1]);
}
const marked = () => count('dpif-netdev/pmd-stats-show', 'phwol hits');
const inserted = () => count('dpctl/offload-stats-show', 'Inserted offloads');

test('A device that was given flows tells by them what its frames take', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  receive(packet);
  await expect(fixture.appctl('dpctl/offload-stats-show')).rejects.toThrow('Invalid argument');
  await set(['hw-offload', 'true']);
  receive(packet);
  expect([await marked(), await inserted()]).toEqual([0, 0]); // that flow was there before

  await fixture.appctl('revalidator/purge');
  receive(packet, packet, tagged, packet, tagged);
  expect([await marked(), await inserted()]).toEqual([3, 2]);
  const sent: Uint8Array[] = [];
  fixture.device('p2').onTransmit = (frame) => sent.push(frame);
  receive(packet, tagged);
  expect(sent.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
    [packet, tagged].map((frame) => frame.toString('hex')),
  );

  await fixture.appctl('revalidator/purge');
  expect(await inserted()).toBe(0);
  receive(packet);
  await set(['hw-offload', 'false']);
  receive(packet);
  expect([await marked(), await inserted()]).toEqual([6, 1]); // it lasts
});

test('Datapaths made by hand give flows to devices, too', async () => {
  await set(['hw-offload', 'true']);
  const dpctl = (command: string, ...args: string[]) => fixture.appctl(`dpctl/${command}`, ...args);
  await dpctl('add-dp', 'dummy@dp1');
  await dpctl('add-if', 'dummy@dp1', 'd1,type=dummy,port_no=1', 'd2,type=dummy,port_no=2');
  await dpctl('add-flow', 'dummy@dp1', 'in_port(1),eth(),eth_type(0x1234)', '2');
  for (const _ of [1, 2]) fixture.device('d1').receive(packet);
  expect([await marked(), await inserted()]).toEqual([2, 1]);
  await dpctl('del-flows', 'dummy@dp1');
  expect(await inserted()).toBe(0);
});

test('Ports and threads that come later use what devices know, too', async () => {
  await fixture.addBridge('br0', ['p2']);
  await set(['hw-offload', 'true'], ['pmd-cpu-mask', '3']);
  await fixture.addPort('br0', 'p1', { type: 'dummy-pmd', options: new Map([['n_rxq', '2']]) });
  for (const queue of [0, 0, 1, 1, 1]) fixture.device('p1').receive(packet, queue);
  const ofCore = async (core: number) => await count(`dpif-netdev/pmd-stats-show -pmd ${core}`, 'phwol hits');
  expect([await ofCore(0), await ofCore(1)]).toEqual([1, 2]);
  await fixture.removePort('br0', 'p1');
  expect(await inserted()).toBe(0);
});
