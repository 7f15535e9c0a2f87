/**
 * Prints the schema of a database that a server has as TypeScript, so that a program has typed rows of it:
 *
 *   node examples/schema-to-typescript.mjs tcp:127.0.0.1:6641 OVN_Northbound > ovn-northbound.ts
 */
import { connect } from 'ovs-ts/ovsdb';
import './plain-errors.mjs';

const [remote, database] = process.argv.slice(2);
if (remote === undefined || database === undefined) {
  console.error('usage: node examples/schema-to-typescript.mjs REMOTE DATABASE');
  process.exit(1);
}
const client = await connect(remote, { schema: database, tables: {} });
const { schema } = client;

/** The arguments of a call, without those at the end that are not needed. */
function args(...values) {
  const used = values.slice(0, values.findLastIndex((value) => value !== undefined) + 1);
  return used.map(String).join(', ');
}

function atomText(base) {
  if (base.enum !== undefined)
    return `atom.oneOf(${base.enum[1].map((value) => JSON.stringify(value)).join(', ')})`;
  const { minInteger, maxInteger, minReal, maxReal, minLength, maxLength } = base;
  if (base.refTable !== undefined)
    return `atom.ref(${args(JSON.stringify(base.refTable), base.refType === 'weak' ? "'weak'" : undefined)})`;
  if (base.type === 'integer') return `atom.integer(${args(minInteger, maxInteger)})`;
  if (minReal !== undefined || maxReal !== undefined) return `atom.realBetween(${args(minReal, maxReal)})`;
  if (minLength !== undefined || maxLength !== undefined)
    return `atom.stringOfLength(${args(minLength, maxLength)})`;
  return `atom.${base.type}`;
}

/** An object with those members that are not undefined; undefined when there are none. */
function optionsText(options) {
  const members = Object.entries(options).filter(([, value]) => value !== undefined);
  return members.length === 0
    ? undefined
    : `{ ${members.map(([k, v]) => `${k}: ${JSON.stringify(v)}`).join(', ')} }`;
}

function columnText({ type, isEphemeral, isMutable }) {
  const { key, value, min = 1, max = 1 } = type;
  const flags = { ephemeral: isEphemeral || undefined, immutable: !isMutable || undefined };
  const sizes = { min: min === 0 ? undefined : min, max: max === 'unlimited' ? undefined : max };
  if (value !== undefined)
    return `column.map(${args(atomText(key), atomText(value), optionsText({ ...flags, ...sizes }))})`;
  if (max !== 1) return `column.set(${args(atomText(key), optionsText({ ...flags, ...sizes }))})`;
  return `column.${min === 1 ? 'one' : 'optional'}(${args(atomText(key), optionsText(flags))})`;
}

function tableText(name, { columns, isRoot, maxRows, indexes }) {
  const lines = Object.entries(columns).map(
    ([column, declared]) => `      ${column}: ${columnText(declared)},\n`,
  );
  const options = optionsText({
    root: isRoot || undefined,
    maxRows,
    indexes: indexes.length === 0 ? undefined : indexes,
  });
  return `  ${name}: table(\n    {\n${lines.join('')}    },\n    ${options ?? '{}'},\n  ),\n`;
}

const tables = Object.entries(schema.tables).map(([table, declared]) => tableText(table, declared));
console.log(`import { atom, column, schema, table } from 'ovs-ts/ovsdb';

export const ${schema.name} = schema(${JSON.stringify(schema.name)}, ${JSON.stringify(schema.version)}, {
${tables.join('')}});`);
client.close();
