/** What users ask and set of held fragments, on datapaths made by hand. The texts are those of the reference's daemon. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SwitchFixture } from '../../../../test/sim/switch-fixture.ts';

let fixture: SwitchFixture;

const dpctl = (command: string, ...args: string[]): Promise<string> =>
  fixture.appctl(`dpctl/${command}`, ...args);

async function makeDatapath(): Promise<void> {
  await dpctl('add-dp', 'dummy@dp0', 'a1,type=dummy,port_no=1', 'a2,type=dummy,port_no=2');
  await dpctl('add-flow', 'in_port(1),eth(),eth_type(0x0800),ipv4(frag=first)', 'ct(commit,zone=5),2');
}

/** A first fragment of that many bytes. */
function receive(size: number): Promise<string> {
  const ethernet = 'eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x0800)';
  const network = 'ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=first),udp(src=1,dst=2)';
  return fixture.appctl(
    'netdev-dummy/receive',
    'a1',
    `in_port(1),${ethernet},${network}`,
    '--len',
    `${size}`,
  );
}

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
  await makeDatapath();
});

afterEach(async () => {
  await fixture.stop();
});

test('what is held is told, and lists of it where more is asked for', async () => {
  await receive(1300);
  await receive(1300);
  await receive(300);
  const status = await dpctl('ipf-get-status');
  expect(status).toMatch(/^ {8}Fragmentation Module Status\n {8}-{27}\n {8}v4 enabled: 1\n/);
  expect(status).toContain(
    '        num frag: 1\n        min v4 frag size: 1200\n        v4 frags accepted: 1\n',
  );
  expect(status).toContain('        v4 frags too small: 1\n        v4 frags overlapped: 1\n');
  expect(await dpctl('ipf-get-status', '-m')).toBe(
    `${status}\n        Fragment Lists:\n\n(src=10.0.0.1,dst=10.0.0.2,recirc_id=0,ip_id=0,dl_type=0x800,zone=5,nw_proto=17,num_fragments=1,state=first frag)\n`,
  );
});

test('a datapath that is deleted takes what is held along', async () => {
  await receive(1300);
  await dpctl('del-dp', 'dummy@dp0');
  await makeDatapath();
  expect(await dpctl('ipf-get-status')).toContain('num frag: 0\n');
});

test('a port that is deleted does, too', async () => {
  await receive(1300);
  await dpctl('del-if', 'dummy@dp0', 'a1');
  expect(await dpctl('ipf-get-status')).toContain('num frag: 0\n');
});

test('settings are told as they are set', async () => {
  expect(await dpctl('ipf-set-min-frag', 'dummy@dp0', 'v6', '500')).toBe(
    'setting minimum fragment size successful',
  );
  expect(await dpctl('ipf-set-max-nfrags', '7')).toBe('setting maximum fragments successful');
  expect(await dpctl('ipf-set-disabled', 'v4')).toBe('disabling fragmentation reassembly successful');
  const status = await dpctl('ipf-get-status');
  for (const line of ['v4 enabled: 0', 'max num frags (v4/v6): 7', 'min v6 frag size: 500'])
    expect(status).toContain(`        ${line}\n`);
  expect(await dpctl('ipf-set-enabled', 'v4')).toBe('enabling fragmentation reassembly successful');
  expect(await dpctl('ipf-get-status')).toContain('v4 enabled: 1');
});
