/** The declared Open_vSwitch schema against the one that the installed Open vSwitch publishes. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemaToJson } from '../../src/ovsdb/schema-types.ts';
import { canonicalSchema } from '../../src/vswitchd/schema/canonical.ts';
import { openVswitch } from '../../src/vswitchd/schema/index.ts';

const published = '/usr/share/openvswitch/vswitch.ovsschema';

test('every column equals the installed vswitch.ovsschema', (context) => {
  if (!existsSync(published)) context.skip(`no ${published} here`);
  const declared = canonicalSchema(schemaToJson(openVswitch));
  const file = canonicalSchema(JSON.parse(readFileSync(published, 'utf8')));
  expect([...declared.keys()].sort()).toEqual([...file.keys()].sort());
  for (const [name, lines] of file) expect(declared.get(name), name).toEqual(lines);
});
