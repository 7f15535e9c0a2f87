/** Commands about groups: ovs-ofctl(8), "Group Table Commands". */
import { logger } from '../../base/log.ts';
import { Fatal } from '../../daemon/program.ts';
import { messageBytes, type Sent } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import { anyGroup } from '../../openflow/messages/flow-mod.ts';
import type { GroupMod } from '../../openflow/messages/group-mod.ts';
import { allGroups, type GroupCommand } from '../../openflow/messages/group-values.ts';
import {
  formatProtocols,
  type ProtocolSet,
  protocolSets,
  protocolsIn,
  versionOf,
} from '../../openflow/protocols/protocols.ts';
import { type ReadGroup, readGroup, readGroupLine, readGroupNumber } from '../../openflow/text/groups.ts';
import { versionName, type WireVersion } from '../../openflow/versions.ts';
import { orFatal, readDecimal } from './arguments.ts';
import { ChangeBundle, perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { printAnswer } from './dump.ts';
import { readEach, readLines } from './lines.ts';
import { NameReader, numbersOnly } from './names.ts';
import { allowedFor, openForChanges, openTarget } from './protocol.ts';
import { jsonLine, shownMessage } from './show.ts';

/** `add-group`, `mod-group` and others: SWITCH and a group, or "-" for groups on standard input. */
export function changeGroup(command: GroupCommand) {
  return async (context: OfctlContext, [target = '', text = '']: readonly string[]): Promise<void> => {
    if (text === '-') return changeGroupsOf(context, target, text, command);
    const names = new NameReader(context, target);
    const group = await orFatal(() => names.read((nameText) => readGroup(text, command, nameText)));
    await change(context, target, [group]);
  };
}

/** What `mod-group SWITCH GROUP` does. */
export async function modGroup(context: OfctlContext, args: readonly string[]): Promise<void> {
  await changeGroup(context.mayCreate ? 'add_or_modify' : 'modify')(context, args);
}

/** What `add-groups SWITCH FILE` does: the lines may have other commands. */
export async function addGroups(
  context: OfctlContext,
  [target = '', file = '']: readonly string[],
): Promise<void> {
  await changeGroupsOf(context, target, file, 'add');
}

async function changeGroupsOf(
  context: OfctlContext,
  target: string,
  file: string,
  command: GroupCommand,
): Promise<void> {
  const lines = readLines(file);
  const names = new NameReader(context, target);
  const groups = await readEach(file, lines, names, (line, nameText) =>
    command === 'add' ? readGroupLine(line, nameText) : readGroup(line, command, nameText),
  );
  await change(context, target, groups);
}

async function change(context: OfctlContext, target: string, groups: readonly ReadGroup[]): Promise<void> {
  const { isBundle } = context.flows;
  const start: ProtocolSet = isBundle ? protocolSets.since13 : protocolSets.any;
  const usable = groups.reduce((set, group) => set & group.usable, start);
  const bundle = new ChangeBundle();
  const { connection } = await openForChanges(context, target, usable, bundle.events);
  const messages = groupMods(groups, connection);
  if (isBundle) return bundle.perform(context, target, connection, [...messages]);
  for (const message of messages) await perform(context, target, connection, message);
}

function* groupMods(groups: readonly ReadGroup[], connection: Connection): Generator<Sent> {
  for (const { mod } of groups) yield groupModFor(connection, mod);
}

/** Throws Fatal where the version cannot say it. */
export function groupModFor({ version }: Connection, mod: GroupMod): Sent {
  checkCommand(mod, version);
  return { name: 'GROUP_MOD', value: mod };
}

/** Buckets have numbers in OpenFlow 1.5, and in Nicira's groups of 1.0. */
function checkCommand({ command }: GroupMod, version: WireVersion): void {
  if (version === 1 || version === 6 || (command !== 'insert_bucket' && command !== 'remove_bucket')) return;
  throw new Fatal(`${command.replace('_', '-')} needs OpenFlow 1.5 or later ('-O OpenFlow15')`);
}

/** What `dump-group-stats SWITCH [GROUP]` does. */
export async function dumpGroupStats(
  context: OfctlContext,
  [target = '', text = '']: readonly string[],
): Promise<void> {
  const names = new NameReader(context, target);
  const group = await orFatal(() => names.read((nameText) => readGroupNumber(text, nameText)));
  await printAnswer(context, target, await openTarget(context, target), {
    name: 'GROUP_REQUEST',
    value: { group },
  });
}

/** What `parse-group GROUP` does: prints it as it would be sent. */
export async function parseGroup(context: OfctlContext, [text = '']: readonly string[]): Promise<void> {
  const { mod, usable } = await orFatal(() => readGroup(text, 'add', numbersOnly));
  const isJson = context.isJson === true;
  if (!isJson) context.print(`usable protocols: ${formatProtocols(usable)}\n`);
  const allowed = allowedFor(context, usable, { why: 'no usable protocol' });
  const [protocol] = protocolsIn(usable & allowed.protocols);
  if (protocol === undefined) throw new Error('unreachable: one of them is allowed');
  const version = versionOf(protocol);
  const said = { usable: formatProtocols(usable), chosen: versionName(version) };
  context.print(isJson ? jsonLine(said) : `chosen version: ${said.chosen}\n`);
  const bytes = messageBytes({ name: 'GROUP_MOD', value: mod }, version, context.nextXid());
  context.print(shownMessage(context, bytes, 0));
}

const log = logger('ofp_group');

/** What `dump-groups SWITCH [GROUP]` does. */
export async function dumpGroups(
  context: OfctlContext,
  [target = '', text]: readonly string[],
): Promise<void> {
  const connection = await openTarget(context, target);
  const group = (text === undefined ? undefined : groupNumber(text)) ?? allGroups;
  await printAnswer(context, target, connection, { name: 'GROUP_DESC_REQUEST', value: { group } });
}

function groupNumber(text: string): number | undefined {
  const word = text.toLowerCase();
  if (word === 'any') return anyGroup;
  if (word === 'all') return allGroups;
  const group = readDecimal(text);
  if (group === undefined)
    log.warn(
      `${text} is not a valid group ID.  (Valid group IDs are 32-bit nonnegative integers or the keywords ANY or ALL.)`,
    );
  return group;
}
