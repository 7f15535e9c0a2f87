/** What the system tests compare with the reference, where there is none. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SwitchFixture } from '../../../test/sim/switch-fixture.ts';
import { Refused } from '../../base/errors.ts';
import { portText } from '../../openflow/ports.ts';
import { readFlow } from '../../openflow/text/flows.ts';

let fixture: SwitchFixture;

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
});

afterEach(async () => {
  await fixture.stop();
});

/** Pieces of what people type, right and wrong. */
const word = fc.constantFrom(
  ...[
    'br0',
    'dummy',
    'ovs-dummy',
    'in_port=1',
    'in_port(1)',
    'in_port(1),eth()',
    'eth(',
    'tcp',
    'tcp,tp_dst=80',
  ],
  ...[
    '-generate',
    '--names',
    '--l7-len',
    '5',
    '--ct-next',
    'trk',
    '',
    '50540000000250540000000108060001',
    'zz',
  ],
  ...['dl_vlan=5', 'nw_src=1.2.3.4', 'recirc_id(1)', 'in_port(99)', 'resubmit(,0)', 'output:1', 'nonsense()'],
);

test('any arguments are traced or refused with a reason', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  const args = fc.array(fc.oneof({ weight: 8, arbitrary: word }, fc.string()), { maxLength: 5 });
  const commands = fc.constantFrom('ofproto/trace', 'ofproto/trace-packet-out');
  await fc.assert(
    fc.asyncProperty(commands, args, async (name, given) => {
      const said = await fixture.appctl(name, ...given).catch((why: Error) => {
        if (!(why instanceof Refused)) throw why; // no refusal, but a fault
        return why.message;
      });
      expect(said).not.toBe('');
    }),
    { numRuns: 300 },
  );
});

test('the packet that a trace is given teaches the bridge its source', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  const packet = 'in_port=1,dl_src=50:54:00:00:00:01,dl_dst=50:54:00:00:00:02';
  await fixture.appctl('ofproto/trace', 'br0', packet);
  expect(await fixture.appctl('fdb/show', 'br0')).not.toContain('50:54:00:00:00:01');
  const text = await fixture.appctl('ofproto/trace', 'br0', packet, '-generate');
  expect(text).toContain(' -> learned that 50:54:00:00:00:01 is on port p');
  expect(await fixture.appctl('fdb/show', 'br0')).toContain('50:54:00:00:00:01');
});

test('a packet that the datapath sent back is traced from where it was', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  const ofproto = [...fixture.aSwitch.backers.values()].flatMap(
    (backer) => backer.bridges.get('br0') ?? [],
  )[0];
  if (ofproto === undefined) throw new Error('no bridge');
  const flow = readFlow('mpls,mpls_label=60,actions=pop_mpls:0x0800,dec_ttl,goto_table:4', 'add', {
    ports: portText,
  });
  await ofproto.changes.modifyFlows(flow.mod, 4);
  const label =
    'eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:02),eth_type(0x8847),mpls(label=60,tc=0,ttl=64,bos=1)';
  const first = await fixture.appctl('ofproto/trace', `in_port(1),${label}`);
  const recirculation = /recirc\((0x[0-9a-f]+)\)/.exec(first)?.[1];
  const ip = 'eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=47,tos=0,ttl=9,frag=no)';
  const second = await fixture.appctl('ofproto/trace', `recirc_id(${recirculation}),in_port(1),eth(),${ip}`);
  expect(second).toContain('Restoring actions: unroll_xlate(table=0, cookie=0),dec_ttl,resubmit(,4)');
  expect(second).toContain('nw_ttl=8');
  await expect(fixture.appctl('ofproto/trace', 'recirc_id(0xffff),in_port(1),eth()')).rejects.toThrow(
    'no recirculation data for recirc_id 0xffff',
  );
});

test('a packet of a bridge may be one that the datapath sent back, and have no Ethernet header', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  const ofproto = [...fixture.aSwitch.backers.values()].flatMap(
    (backer) => backer.bridges.get('br0') ?? [],
  )[0];
  if (ofproto === undefined) throw new Error('no bridge');
  for (const text of [
    'in_port=1,actions=encap(nsh),encap(nsh),decap(),resubmit(,2)',
    'table=2,packet_type=(1,0x894f),nsh_np=3,actions=decap()',
  ])
    await ofproto.changes.modifyFlows(readFlow(text, 'add', { ports: portText }).mod, 4);
  const first = await fixture.appctl('ofproto/trace', 'br0', 'in_port=1,tcp');
  const recirculation = /recirc\((0x[0-9a-f]+)\)/.exec(first)?.[1];
  const flow = `recirc_id=${recirculation},in_port=1,packet_type=(1,0x894f),nsh_np=3`;
  const second = await fixture.appctl('ofproto/trace', 'br0', flow);
  expect(second).toContain(`Flow: recirc_id=${recirculation},packet_type=(1,0x894f),in_port=1\n`);
  expect(second).toContain('packet_type=(1,0x894f),in_port=1,dl_type=0x894f,nsh_np=3');
  expect(second).toContain('Datapath actions: pop_nsh(),recirc(');
  await expect(fixture.appctl('ofproto/trace', 'br0', 'recirc_id=0xffff,in_port=1')).rejects.toThrow(
    'no recirculation data for recirc_id 0xffff',
  );
});
