import { expect, test } from 'vitest';
import type { FlowMod } from '../../openflow/messages/flow-mod.ts';
import { readFlow } from '../../openflow/text/flows.ts';
import { numbersOnly } from './names.ts';
import { PackedFlows } from './packed-flows.ts';

const texts = [
  'tcp,nw_src=10.0.0.1,tp_dst=80,actions=output:1',
  'tcp,nw_src=10.0.0.2,tp_dst=81,actions=output:1',
  'priority=5,tcp,nw_src=255.255.255.255,tp_dst=65535,actions=output:1',
  'priority=5,nw_src=10.0.0.2,ip,actions=output:1',
  'cookie=0xffffffffffffffff,tcp,nw_src=10.0.0.3,tp_dst=81,actions=output:1',
  'cookie=0x80000000,tcp,nw_src=10.0.0.3,tp_dst=81,actions=output:1',
  'cookie=0x100000000,actions=drop',
  'delete cookie=5/-1',
  'delete table=3,out_port=7,tcp',
  'delete_strict priority=3,out_group=7',
  'modify tcp,actions=output:2',
  'table=7,idle_timeout=5,hard_timeout=6,importance=7,send_flow_rem,actions=drop',
  'actions=drop',
  'tun_metadata1=5,actions=drop',
  'tun_metadata1=6,actions=drop',
];

test('gives back what it was given', () => {
  const list = new PackedFlows();
  const given: FlowMod[] = [];
  for (let n = 0; n < 3; n++) {
    for (const text of texts) {
      const { mod } = readFlow(text, 'any', numbersOnly);
      list.push(mod);
      given.push(mod);
    }
  }
  expect([...list]).toEqual(given);
  expect(list.length).toBe(given.length);
  expect(list.at(4)).toEqual(given[4]);
  expect(list.at(given.length)).toBeUndefined();
});

test('holds flows of many kinds', () => {
  const list = new PackedFlows();
  const given = Array.from(
    { length: 200 },
    (_, n) => readFlow(`idle_timeout=${n},tp_dst=${n},tcp,actions=output:${n % 70}`, 'add', numbersOnly).mod,
  );
  for (const mod of given) list.push(mod);
  expect([...list]).toEqual(given);
});
