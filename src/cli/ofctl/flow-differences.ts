/** Commands that compare flows: diff-flows, and replace-flows, which sends the differences. */
import { statSync } from '../../base/files.ts';
import { formatOption, lengthened } from '../../flow/tunnel-options.ts';
import { formatActions } from '../../openflow/action-codec.ts';
import type { ActionText } from '../../openflow/actions/declare.ts';
import { formatPackedMatch } from '../../openflow/match/match-codec.ts';
import { flowFlags } from '../../openflow/messages/flow-flags.ts';
import { anyGroup, type FlowCommand, type FlowMod } from '../../openflow/messages/flow-mod.ts';
import { everyFlow } from '../../openflow/messages/flow-request.ts';
import { allTables } from '../../openflow/messages/tables.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import { flowModIn } from '../../openflow/protocols/protocol-messages.ts';
import { protocolSets } from '../../openflow/protocols/protocols.ts';
import { readFlowEntry } from '../../openflow/text/flows.ts';
import { plainValue } from '../../openflow/text/json.ts';
import { ChangeBundle } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { fetchFlows } from './flow-stats.ts';
import { type Lines, readFlows, readLines } from './lines.ts';
import { NameReader, type NameText, namesToShow, numbersOnly, withoutNames } from './names.ts';
import { openForDump, type Session } from './protocol.ts';
import { jsonLine } from './show.ts';

/** A flow table entry as it can be compared. */
type Entry = Pick<
  FlowMod,
  'table' | 'match' | 'priority' | 'idleTimeout' | 'hardTimeout' | 'importance' | 'flags' | 'actions'
> & { readonly cookie: bigint };

/** The same entry on two sides, on one of which it may be missing. */
interface Pair {
  a?: Entry;
  b?: Entry;
}

/** Entries by what makes them the same: table, match and priority. */
class Comparison {
  readonly #entries: Readonly<Record<keyof Pair, Entry[]>> = { a: [], b: [] };
  /** Bytes of the options of tunnels that matches are on: as many as any match tells, in words. */
  readonly #optionSizes = new Map<number, number>();

  add(side: keyof Pair, entry: Entry): void {
    this.#entries[side].push(entry);
    for (const { index, value } of entry.match.options ?? []) {
      const size = (value.length + 3) & ~3;
      this.#optionSizes.set(index, Math.max(size, this.#optionSizes.get(index) ?? 0));
    }
  }

  /** Table by table, each with its pairs; entries with the same mask stay together. */
  *tables(): IterableIterator<readonly Pair[]> {
    const tables = new Map<number, Map<number, Map<string, Pair>>>();
    for (const side of ['a', 'b'] as const)
      for (const entry of this.#entries[side]) this.#sort(tables, side, entry);
    const numbers = [...tables.keys()].sort((a, b) => a - b);
    for (const number of numbers) {
      const masks = tables.get(number) ?? [];
      yield [...masks.values()].flatMap((pairs) => [...pairs.values()]);
    }
  }

  #sort(tables: Map<number, Map<number, Map<string, Pair>>>, side: keyof Pair, said: Entry): void {
    const options = said.match.options && lengthened(said.match.options, this.#optionSizes);
    const entry = options === undefined ? said : { ...said, match: { ...said.match, options } };
    const { match, priority, table } = entry;
    const masks = tables.get(table) ?? new Map<number, Map<string, Pair>>();
    tables.set(table, masks);
    const pairs = masks.get(match.mask.id) ?? new Map<string, Pair>();
    masks.set(match.mask.id, pairs);
    const key = `${match.values.join()},${priority},${options?.map(formatOption) ?? ''}`;
    const pair = pairs.get(key) ?? {};
    pairs.set(key, pair);
    pair[side] = entry;
  }
}

const isSameEntry = (a: Entry, b: Entry): boolean =>
  a.cookie === b.cookie &&
  a.idleTimeout === b.idleTimeout &&
  a.hardTimeout === b.hardTimeout &&
  a.importance === b.importance &&
  actionsOf(a) === actionsOf(b);

/** By numbers only, so that names make no difference. */
function actionsOf({ actions }: Entry): string {
  return formatActions(actions, numbersOnly);
}

/** What `diff-flows SOURCE1 SOURCE2` does. Resolves with 2 where they differ. */
export async function diffFlows(
  context: OfctlContext,
  [first = '', second = '']: readonly string[],
): Promise<number> {
  const comparison = new Comparison();
  let names = numbersOnly;
  for (const [side, source] of [
    ['a', first],
    ['b', second],
  ] as const) {
    if (isFile(source)) await addFile(comparison, side, source, names);
    else {
      const session = await openForDump(context, source, protocolSets.any);
      await addSwitch(comparison, side, session);
      session.connection.close();
      // A port has one name at most: that of the first switch.
      if (names === numbersOnly)
        names = { ...numbersOnly, ports: (await namesToShow(context, source)).ports };
    }
  }
  const show = context.isJson === true ? differenceJson : differenceText;
  let differ = false;
  for (const pairs of comparison.tables()) {
    for (const pair of pairs) {
      const { a, b } = pair;
      if (a !== undefined && b !== undefined && isSameEntry(a, b)) continue;
      differ = true;
      context.print(show(pair, { ...numbersOnly, ports: names.ports, paint: context.paint }));
    }
  }
  return differ ? 2 : 0;
}

/** Of each side, what the other has not: "-" and "+". */
function differenceText({ a, b }: Pair, names: ActionText): string {
  return (a === undefined ? '' : `-${format(a, names)}`) + (b === undefined ? '' : `+${format(b, names)}`);
}

function differenceJson({ a, b }: Pair, names: NameText): string {
  const said = Object.entries({ first: a, second: b }).flatMap(([side, entry]) =>
    entry === undefined ? [] : [[side, plainValue(entry, names)] as const],
  );
  return jsonLine(Object.fromEntries(said));
}

function isFile(source: string): boolean {
  if (source.startsWith('/') || source.startsWith('.')) return true;
  return !source.includes(':') && statSync(source, { throwIfNoEntry: false }) !== undefined;
}

function format(entry: Entry, names: ActionText): string {
  const { table, match, priority, cookie, idleTimeout, hardTimeout, importance, actions } = entry;
  return [
    table === 0 ? '' : `table=${table} `,
    formatPackedMatch(match, names, priority),
    cookie === 0n ? '' : ` cookie=0x${cookie.toString(16)}`,
    idleTimeout === 0 ? '' : ` idle_timeout=${idleTimeout}`,
    hardTimeout === 0 ? '' : ` hard_timeout=${hardTimeout}`,
    importance === 0 ? '' : ` importance=${importance}`,
    ` actions=${formatActions(actions, names)}\n`,
  ].join('');
}

/** What `replace-flows SWITCH FILE` does: the file is `a`, the switch `b`. */
export async function replaceFlows(
  context: OfctlContext,
  [target = '', file = '']: readonly string[],
): Promise<void> {
  const comparison = new Comparison();
  const lines = readSource(file);
  const names = new NameReader(context, target);
  const { mods, usable } = await readFlows(file, lines, names, readFlowEntry);
  for (const mod of mods) comparison.add('a', entryOf(mod));
  const bundle = new ChangeBundle();
  const session = await openForDump(context, target, usable, bundle.events);
  const { connection, protocol } = session;
  await addSwitch(comparison, 'b', session);
  const messages = [...changesFor(comparison, context.flows.readdsAll)].map((mod) =>
    flowModIn(protocol, mod),
  );
  if (context.flows.isBundle) await bundle.perform(context, target, connection, messages);
  else await bundle.performEach(context, target, connection, messages);
  connection.close();
}

/** Those of `b` that `a` lacks go first. */
function* changesFor(comparison: Comparison, readdsAll: boolean): IterableIterator<FlowMod> {
  for (const pairs of comparison.tables()) {
    for (const { a, b } of pairs) if (a === undefined && b !== undefined) yield modOf('delete_strict', b);
    for (const { a, b } of pairs) {
      if (a !== undefined && (readdsAll || b === undefined || !isSameEntry(a, b))) yield modOf('add', a);
    }
  }
}

function modOf(command: FlowCommand, { cookie, ...entry }: Entry): FlowMod {
  return {
    ...entry,
    command,
    newCookie: cookie,
    cookie: 0n,
    cookieMask: 0n,
    bufferId: undefined,
    outPort: reservedPorts.ANY,
    outGroup: anyGroup,
    actions: command === 'add' ? entry.actions : [],
  };
}

function entryOf(mod: FlowMod): Entry {
  const { match, priority, idleTimeout, hardTimeout, importance, actions } = mod;
  return {
    table: mod.table === allTables ? 0 : mod.table,
    match,
    priority,
    cookie: mod.newCookie ?? 0n,
    idleTimeout,
    hardTimeout,
    importance,
    // A switch does not tell the others.
    flags: mod.flags & flowFlags.sendFlowRemoved,
    actions,
  };
}

function readSource(file: string): Lines {
  return readLines(file, 'open');
}

async function addFile(
  comparison: Comparison,
  side: keyof Pair,
  file: string,
  names: NameText,
): Promise<void> {
  const { mods } = await readFlows(file, readSource(file), withoutNames, (line) =>
    readFlowEntry(line, names),
  );
  for (const mod of mods) comparison.add(side, entryOf(mod));
}

async function addSwitch(comparison: Comparison, side: keyof Pair, session: Session): Promise<void> {
  for (const flow of await fetchFlows(session, everyFlow)) comparison.add(side, { ...flow, flags: 0 });
}
