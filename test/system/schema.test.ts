/** The declared Open_vSwitch schema against the one that the installed Open vSwitch publishes. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { schemaToJson } from '../../src/ovsdb/schema-types.ts';
import { roles } from '../../src/vswitchd/config/column-roles.ts';
import { canonicalSchema } from '../../src/vswitchd/schema/canonical.ts';
import { openVswitch } from '../../src/vswitchd/schema/index.ts';

const published = '/usr/share/openvswitch/vswitch.ovsschema';

test('every column equals the installed vswitch.ovsschema', (context) => {
  if (!existsSync(published)) context.skip(`no ${published} here`);
  const declared = canonicalSchema(schemaToJson(openVswitch));
  const file = canonicalSchema(JSON.parse(readFileSync(published, 'utf8')));
  expect([...declared.keys()].sort()).toEqual([...file.keys()].sort());
  for (const [name, lines] of file) expect(declared.get(name), name).toEqual(lines);
  expect(openVswitch.cksum).toBe(JSON.parse(readFileSync(published, 'utf8')).cksum);
});

const manual = '/usr/share/man/man5/ovs-vswitchd.conf.db.5.gz';
/** Keys that the manual names; other maps are status, or are gaps as a whole. */
const keyColumns = ['Open_vSwitch', 'Bridge', 'Port', 'Interface'] as const;

test('every key of other_config that the installed manual names is acted on or has a gap', (context) => {
  if (!existsSync(manual)) context.skip(`no ${manual} here`);
  const documented = documentedKeys(gunzipSync(readFileSync(manual)).toString('utf8'));
  for (const table of keyColumns) {
    const { keys, gaps } = roles[table].other_config as KeyLists; // `gaps.test.ts` sees to that
    const known = new Set([...Object.values(keys).map(({ name }) => name), ...Object.keys(gaps)]);
    const unknown = documented.get(table)?.filter((key) => !known.has(key));
    // ovs-ctl acts on it.
    expect(unknown, table).toEqual(table === 'Port' ? ['transient'] : []);
  }
});

interface KeyLists {
  readonly keys: Readonly<Record<string, { readonly name: string }>>;
  readonly gaps: Readonly<Record<string, string>>;
}

/** By table, in the order of the manual. */
function documentedKeys(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let table = '';
  for (const line of text.split('\n')) {
    table = /^\.SH "(\w+) TABLE"/.exec(line)?.[1] ?? table;
    const key = /^\\fBother_config : ([^\\]+)\\fR/.exec(line)?.[1];
    if (key !== undefined) found.set(table, [...(found.get(table) ?? []).filter((k) => k !== key), key]);
  }
  return found;
}
