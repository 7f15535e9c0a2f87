/**
 * Commands about flow tables: dump-table-features, dump-table-desc, mod-table. ovs-ofctl(8).
 * Differs: -O may allow both versions that can say what is to change of a table and later ones that cannot.
 */
import { decodeText, encodeText } from '../../base/text.ts';
import { Fatal } from '../../daemon/program.ts';
import { decodeMessage, type Sent } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import { formatTableList } from '../../openflow/messages/table-features-text.ts';
import type { TableFeatures } from '../../openflow/messages/table-values.ts';
import { allTables, type TableDesc, type TableMod } from '../../openflow/messages/tables.ts';
import { protocolsOfVersions } from '../../openflow/protocols/protocols.ts';
import { readTableChange, type TableSetting } from '../../openflow/text/tables.ts';
import { allVersions, versionName, versionText, type WireVersion } from '../../openflow/versions.ts';
import { orFatal } from './arguments.ts';
import { perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { printAnswer } from './dump.ts';
import { NameReader } from './names.ts';
import { openForChanges, openTarget } from './protocol.ts';
import { shownMessage } from './show.ts';
import { during } from './target.ts';

/** What `dump-table-desc SWITCH` does. */
export async function dumpTableDesc(context: OfctlContext, [target = '']: readonly string[]): Promise<void> {
  const connection = await openSince(context, target, 5, 'dump-table-desc');
  await printAnswer(context, target, connection, { name: 'TABLE_DESC_REQUEST', value: undefined });
}

/** What `dump-table-features SWITCH` does: the parts of the answer are shown as one. */
export async function dumpTableFeatures(
  context: OfctlContext,
  [target = '']: readonly string[],
): Promise<void> {
  const connection = await openSince(context, target, 4, 'dump-table-features');
  const tables: TableFeatures[] = [];
  for await (const bytes of answers(connection, { name: 'TABLE_FEATURES_REQUEST', value: [] })) {
    const reply = decodeMessage(bytes);
    if (context.isJson === true) context.print(shownMessage(context, bytes, 1));
    else if (reply.name === 'TABLE_FEATURES_REPLY') tables.push(...reply.value);
    else if (reply.name === 'ERROR') context.print(shownMessage(context, bytes, 1));
    else throw badReply(context, bytes);
  }
  if (context.isJson === true) return;
  const text = formatTableList(tables.map((features) => ({ features })));
  context.print(`${text.replace(/^\n/, '')}\n`);
}

async function* answers(connection: Connection, ...request: readonly Sent[]): AsyncGenerator<Uint8Array> {
  const parts = connection.exchange(request);
  for (;;) {
    const { value, done } = await during('OpenFlow packet receive failed', parts.next());
    if (done === true) return;
    yield value;
  }
}

function badReply(context: OfctlContext, bytes: Uint8Array): Fatal {
  return new Fatal(`received bad reply: ${shownMessage(context, bytes, 1)}`);
}

/** A connection of that version at least: what -O says must be one. Throws Fatal. */
async function openSince(
  context: OfctlContext,
  target: string,
  first: WireVersion,
  command: string,
): Promise<Connection> {
  const versions = allVersions.filter((version) => version >= first);
  if (!context.allowed.isFixed)
    return (await openForChanges(context, target, protocolsOfVersions(versions))).connection;
  const connection = await openTarget(context, target);
  if (connection.version >= first) return connection;
  throw new Fatal(`${command} needs OpenFlow ${versionText(first)} or later ('-O ${versionName(first)}')`);
}

/** What `mod-table SWITCH TABLE SETTING` does. */
export async function modTable(
  context: OfctlContext,
  [target = '', tableText = '', text = '']: readonly string[],
): Promise<void> {
  const names = new NameReader(context, target);
  const { table, setting, versions } = await orFatal(() =>
    names.read((nameText) => readTableChange(tableText, text, nameText)),
  );
  const connection = await openOneOf(context, target, versions, text);
  if ('name' in setting) return rename(context, connection, table, setting.name);
  const tables = table === allTables && connection.version >= 5 ? everyTable : [table];
  for (const one of tables) {
    const value = await changed(context, connection, one, setting);
    await perform(context, target, connection, { name: 'TABLE_MOD', value });
  }
}

/** By number: those above are no flow tables. */
const everyTable: readonly number[] = Array.from({ length: 0xfe }, (_, n) => n);

/** A connection of one of those versions. Throws Fatal. */
async function openOneOf(
  context: OfctlContext,
  target: string,
  versions: readonly WireVersion[],
  text: string,
): Promise<Connection> {
  const { allowed } = context;
  const both = allowed.versions.filter((version) => versions.includes(version));
  const needed = versions.map(versionName).join(', ');
  if (both.length > 0) {
    const protocols = protocolsOfVersions(both) & allowed.protocols;
    return openTarget({ ...context, allowed: { ...allowed, versions: both, protocols } }, target);
  }
  if (allowed.isFixed) throw new Fatal(`table_mod '${text}' requires one of the OpenFlow versions ${needed}`);
  return (await openForChanges(context, target, protocolsOfVersions(versions))).connection;
}

/** All that the message says of a table, where what is not to change is as it is. */
async function changed(
  context: OfctlContext,
  connection: Connection,
  table: number,
  setting: Exclude<TableSetting, { readonly name: string }>,
): Promise<TableMod> {
  const mod = {
    table,
    miss: undefined,
    eviction: undefined,
    evictionFlags: undefined,
    vacancyEvents: undefined,
  };
  if ('miss' in setting) return { ...mod, vacancy: undefined, miss: setting.miss };
  const desc = await describe(context, connection, table);
  if ('eviction' in setting) {
    const vacancy = desc?.vacancy && { ...desc.vacancy, now: 0 };
    return { ...mod, ...setting, vacancyEvents: desc?.vacancyEvents, vacancy };
  }
  const { vacancyEvents, down, up } = setting;
  const { eviction, evictionFlags } = desc ?? mod;
  return { ...mod, eviction, evictionFlags, vacancyEvents, vacancy: { down, up, now: 0 } };
}

/** undefined where the switch does not tell of it. */
async function describe(
  context: OfctlContext,
  connection: Connection,
  table: number,
): Promise<TableDesc | undefined> {
  let found: TableDesc | undefined;
  for await (const bytes of answers(connection, { name: 'TABLE_DESC_REQUEST', value: undefined })) {
    const reply = decodeMessage(bytes);
    if (reply.name !== 'TABLE_DESC_REPLY') throw badReply(context, bytes);
    found ??= reply.value.find((desc) => desc.table === table);
  }
  return found;
}

/** Bytes of a table's name. */
const longestName = 31;

/** OpenFlow 1.5 can say what changes; before it, all that is known of all tables is said again. */
async function rename(
  context: OfctlContext,
  connection: Connection,
  table: number,
  name: string,
): Promise<void> {
  const tables = await listTables(context, connection);
  if (!tables.some((known) => known.table === table)) throw new Fatal(`switch does not have table ${table}`);
  const renamed = tables.map((known) => (known.table === table ? { ...known, name: cut(name) } : known));
  const value: TableFeatures[] =
    connection.version < 6
      ? renamed
      : renamed
          .filter((known) => known.table === table)
          .map((known) => ({ ...known, command: 'modify', hasProperties: false }));
  for await (const bytes of answers(connection, ...inParts(value))) {
    if (decodeMessage(bytes).name === 'ERROR') context.end(shownMessage(context, bytes, 1));
  }
}

function cut(name: string): string {
  return decodeText(encodeText(name).subarray(0, longestName));
}

async function listTables(context: OfctlContext, connection: Connection): Promise<TableFeatures[]> {
  const tables: TableFeatures[] = [];
  for await (const bytes of answers(connection, { name: 'TABLE_FEATURES_REQUEST', value: [] })) {
    const reply = decodeMessage(bytes);
    if (reply.name !== 'TABLE_FEATURES_REPLY') throw badReply(context, bytes);
    tables.push(...reply.value);
  }
  return tables;
}

/** Tables of which the features fit into a message. */
const tablesInPart = 8;

function inParts(tables: readonly TableFeatures[]): Sent[] {
  const parts: Sent[] = [];
  for (let at = 0; at < tables.length; at += tablesInPart) {
    const value = tables.slice(at, at + tablesInPart);
    parts.push({ name: 'TABLE_FEATURES_REQUEST', value, more: at + tablesInPart < tables.length });
  }
  return parts;
}
