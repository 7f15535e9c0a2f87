/** The declared schema against the published one: a digest for each table. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { schemaToJson } from '../../ovsdb/schema-types.ts';
import { canonicalSchema } from './canonical.ts';
import { openVswitch } from './index.ts';

const declared = canonicalSchema(schemaToJson(openVswitch));

/** Columns, and the digest of the published table's canonical lines. */
const digests: Record<string, [number, string]> = {
  Open_vSwitch: [17, '2166ad913d27bbe6'],
  Bridge: [22, 'eadc3c894330a37f'],
  Port: [22, '00a390a6a7481de0'],
  Interface: [35, '87bddd0ed0ab1815'],
  Flow_Table: [6, '401804d39fc72c28'],
  QoS: [4, '45cf8d2d0fb0216d'],
  Queue: [3, '7049b3bf4e9438b0'],
  Mirror: [10, 'c81e2d1383f3d084'],
  NetFlow: [6, '40ab421b9d19d506'],
  sFlow: [6, '9db628992d9516b5'],
  IPFIX: [8, '870dbb3ea48d9255'],
  Flow_Sample_Collector_Set: [4, '5348f51af2228a51'],
  Controller: [17, 'bda50c8e9141262e'],
  Manager: [8, '6085ca0c6bd33d4c'],
  Datapath: [4, '273af61705364ecf'],
  CT_Zone: [2, '36df93df778e9c61'],
  CT_Timeout_Policy: [2, 'aa065795b6fd29fd'],
  SSL: [5, '1b31dc0660b4893b'],
  AutoAttach: [3, '519d10a758cef892'],
};

test('the schema has the reference name and version', () => {
  expect([openVswitch.name, openVswitch.version]).toEqual(['Open_vSwitch', '8.3.1']);
});

test('every table is as published, by its digest', () => {
  const made: typeof digests = {};
  for (const [name, lines] of declared) {
    const digest = createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
    made[name] = [
      Object.keys(openVswitch.tables[name as keyof typeof openVswitch.tables].columns).length,
      digest,
    ];
  }
  expect(made).toEqual(digests);
});
