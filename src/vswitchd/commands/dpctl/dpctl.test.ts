/** What the system tests compare with the reference, where there is none; and what it does not do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SwitchFixture } from '../../../../test/sim/switch-fixture.ts';

let fixture: SwitchFixture;

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
});

afterEach(async () => {
  await fixture.stop();
});

const dump = () => fixture.appctl('dpctl/dump-flows');
const flow = 'in_port(5),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234)';
const shown = `recirc_id(0),${flow}, packets:0, bytes:0, used:never, actions:`;

test('a datapath made by hand forwards by flows put there by hand', async () => {
  await fixture.appctl('dpctl/add-dp', 'dummy@dp0', 'a1,type=dummy,port_no=5', 'a2,type=dummy');
  await fixture.appctl('dpctl/add-flow', flow, 'a2');
  expect(await dump()).toBe(`flow-dump from the main thread:\n${shown}2\n`);
  fixture.device('a1').receive(Buffer.from(`000000000002000000000001${'1234'}`, 'hex'));
  expect(fixture.device('a2').counters.txPackets).toBe(1);
  await fixture.appctl('dpctl/mod-flow', '--clear', flow, 'drop');
  expect(await dump()).toBe(`flow-dump from the main thread:\n${shown}drop\n`);
  await fixture.appctl('dpctl/del-flow', flow);
  expect(await dump()).toBe('');
  await fixture.appctl('dpctl/del-dp', 'dummy@dp0');
  await expect(fixture.appctl('dpctl/show', 'dummy@dp0')).rejects.toThrow('No such device');
});

test('a file adds, changes and deletes flows, and says which line is wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dpctl-'));
  const file = join(folder, 'flows');
  const other = flow.replace('0x1234', '0x1235');
  writeFileSync(
    file,
    `# flows\n${flow} 1\nadd ${other} 2\nmodify ${flow} 3\ndelete ${other}\ndelete\n${flow} 1\n`,
  );
  await fixture.appctl('dpctl/add-dp', 'dummy@dp0');
  expect(await fixture.appctl('dpctl/add-flows', file)).toBe(
    'ovs-vswitchd: Failed parsing line number 6, skipped!\novs-vswitchd: updating flow table (File exists)\n',
  );
  expect(await dump()).toBe(`flow-dump from the main thread:\n${shown}3\n`);
  rmSync(folder, { recursive: true });
});

test('a flow is called by the ufid that it was given, or by that of its key', async () => {
  const ufid = 'ufid:00112233-4455-6677-8899-aabbccddeeff';
  await fixture.addBridge('br0', ['p1', 'p2']);
  await fixture.appctl('revalidator/pause');
  const ofPort = flow.replace('(5)', '(p1)');
  await fixture.appctl('dpctl/add-flow', `${ufid.toUpperCase().replace('UFID', 'ufid')},${ofPort}`, 'p2');
  await expect(fixture.appctl('dpctl/add-flow', ofPort, 'p1')).rejects.toThrow('File exists');
  await fixture.appctl('dpctl/mod-flow', ofPort, 'p1');
  expect(await fixture.appctl('dpctl/get-flow', ufid)).toContain('actions:1\n');
  await expect(fixture.appctl('dpctl/del-flow', ofPort)).rejects.toThrow(
    'Perhaps you need to specify a UFID?',
  );
  await fixture.appctl('dpctl/del-flow', ufid);
  expect(await dump()).toBe('');
  await fixture.appctl('dpctl/add-flow', ofPort, 'p2');
  const [own = ''] = /ufid:[-0-9a-f]{36}/.exec(await fixture.appctl('dpctl/dump-flows', '-m')) ?? [];
  await fixture.appctl('dpctl/del-flow', own);
  expect(await dump()).toBe('');
});

test('a flow added to the datapath of bridges lasts until it is looked at', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  await fixture.appctl('revalidator/pause');
  await fixture.appctl('dpctl/add-flow', flow.replace('(5)', '(p1)'), 'p2');
  expect(await dump()).toContain('actions:2\n');
  await fixture.appctl('revalidator/resume');
  await fixture.advance(1000);
  expect(await dump()).not.toContain('actions:2\n');
  await expect(fixture.appctl('dpctl/add-flow', flow.replace('(5)', '(77)'), '1')).rejects.toThrow(
    'updating flow table (Invalid argument)',
  );
});

test('a port taken out of the datapath comes back with the next change', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  await fixture.appctl('dpctl/del-if', 'dummy@ovs-dummy', 'p1');
  expect(await fixture.appctl('dpif/show')).not.toContain('p1');
  await fixture.removePort('br0', 'p2');
  expect(await fixture.appctl('dpif/show')).toContain('    p1 2/1: (system)\n');
});

test('the datapath of bridges takes no ports from others, and stays', async () => {
  await fixture.addBridge('br0', ['p1']);
  await expect(fixture.appctl('dpctl/add-if', 'dummy@ovs-dummy', 'x')).rejects.toThrow(
    'adding x to dummy@ovs-dummy failed (Operation not supported)',
  );
  await expect(fixture.appctl('dpctl/del-dp', 'dummy@ovs-dummy')).rejects.toThrow(
    'del_dp (Device or resource busy)',
  );
});

test('without megaflows a flow is for one kind of packet only', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  const frame = (port: string) =>
    Buffer.from(
      `ffffffffffff0000000000010800${'45000020000000004011000001010101020202020001'}${port}000c0000${'00'.repeat(4)}`,
      'hex',
    );
  const flowCount = async (): Promise<number> => {
    for (const port of ['0002', '0003']) fixture.device('p1').receive(frame(port));
    return (await dump()).split('\n').filter((line) => line.startsWith('recirc_id') || line.startsWith('skb'))
      .length;
  };
  expect(await flowCount()).toBe(1);
  await fixture.appctl('upcall/disable-megaflows');
  expect(await flowCount()).toBe(2);
  await fixture.appctl('upcall/enable-megaflows');
  expect(await flowCount()).toBe(1);
});
