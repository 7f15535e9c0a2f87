import { expect, test } from 'vitest';
import { logRegistry } from '../base/log.ts';
import { dpPort } from '../base/units.ts';
import { internMask } from '../flow/mask.ts';
import { packKey } from '../flow/match.ts';
import { logFlowCall, logFlowChange } from './flow-log.ts';
import type { DpFlow } from './provider.ts';
import { readKey } from './text/key.ts';
import { ufidOf } from './ufid.ts';

const { key } = readKey(
  'recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x1234)',
);
const { mask: narrow } = readKey('recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x1234)');
const packed = packKey(key);
const flow = (...ports: readonly number[]): DpFlow => ({
  id: 0,
  ufid: ufidOf(packed),
  key: packed,
  mask: internMask(narrow),
  actions: ports.map((port) => ({ do: 'output', port: dpPort(port) })),
});
const datapath = { type: 'dummy', name: 'ovs-dummy' };
const ufid = 'ufid:[-0-9a-f]{36}';

/** What is said while `act` runs, with debugging on in that module. */
function saidBy(module: string, act: () => void): string[] {
  const said: string[] = [];
  logRegistry.setSink('file', { write: ({ text }) => said.push(text) });
  logRegistry.setLevel('dbg', 'file', module);
  act();
  logRegistry.setLevel('info', 'file', module);
  act();
  logRegistry.setSink('file', undefined);
  return said;
}

test('A flow that is added or changed is told with its match and what it does', () => {
  const short = 'recirc_id\\(0\\),in_port\\(1\\),packet_type\\(ns=0,id=0\\),eth_type\\(0x1234\\)';
  const [added = '', match, changed = '', ...more] = saidBy('dpif_netdev', () => {
    logFlowChange(flow(2), undefined);
    logFlowChange(flow(3), flow(2));
  });
  expect(added).toMatch(new RegExp(`^flow_add: ${ufid} mega_${ufid} ${short}, actions:2$`));
  expect(match).toBe('flow match: recirc_id=0,eth,vlan_tci=0x0000/0x1fff,dl_type=0x1234');
  expect(changed).toMatch(new RegExp(`^flow_mod: ${ufid} mega_${ufid} ${short}, old_actions:2, actions:3$`));
  expect(more).toEqual([match]);
});

test('A flow that is read tersely is told by its name alone, one that is deleted with its packet', () => {
  const stats = { packets: 1, bytes: 60, idle: 1500, tcpFlags: 0 };
  const [dumped = '', deleted = '', ...more] = saidBy('dpif', () => {
    logFlowCall(datapath, 'dumpTersely', flow(2), () => stats);
    logFlowCall(datapath, 'delete', flow(2), () => stats);
  });
  expect(dumped).toMatch(
    new RegExp(`^dummy@ovs-dummy: flow_dump ${ufid} <empty>, packets:1, bytes:60, used:1.500s$`),
  );
  expect(deleted).toContain(
    ',in_port(1),packet_type(ns=0,id=0),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x1234), packets:1,',
  );
  expect(more).toEqual([]);
});
