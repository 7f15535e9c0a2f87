/** Commands on datapaths: connection-tracking timeout policies of zones, and what a datapath can do. */
import { leadingNumber } from '../../base/numbers.ts';
import { keyValues } from '../../flow/key-values.ts';
import { equalDatums, makeDatum } from '../../ovsdb/engine/datum.ts';
import type { Integer, Scalar } from '../../ovsdb/schema-types.ts';
import type { Json } from '../../rpc/channel.ts';
import type { CommandDef, Context } from '../db-ctl/command.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { columnNamed } from '../db-ctl/schema.ts';
import type { WorkRow } from '../db-ctl/work.ts';
import { rootOf } from './model.ts';
import { prepareRoot } from './peers.ts';

const many = Number.POSITIVE_INFINITY;
const mostOf64Bits = 0x7fff_ffff_ffff_ffffn;

export const datapathCommands: readonly CommandDef[] = [
  datapathCommand('add-zone-tp', [3, many], ['--may-exist'], true, addZone),
  datapathCommand('del-zone-tp', [2, 2], ['--if-exists'], true, deleteZone),
  datapathCommand('list-zone-tp', [1, 1], [], false, listZones),
  datapathCommand('list-dp-cap', [1, 1], [], false, listCapabilities),
];

function datapathCommand(
  name: string,
  [minArgs, maxArgs]: readonly [number, number],
  options: readonly string[],
  mayWrite: boolean,
  run: (context: Context) => void,
): CommandDef {
  return {
    name,
    minArgs,
    maxArgs,
    arguments: '',
    options,
    mayWrite,
    prepare: (_command, prep) => prepareRoot(prep, ['datapaths']),
    run,
  };
}

function findDatapath(context: Context, columns: readonly string[]): WorkRow | undefined {
  const id = rootOf(context.work).valueUnder('datapaths', context.arg(0));
  return id === undefined ? undefined : context.work.row('Datapath', String(id), columns);
}

/** Throws CommandFailed. */
function needDatapath(context: Context): WorkRow {
  const datapath = findDatapath(context, ['ct_zones']);
  if (datapath === undefined) throw new CommandFailed(`datapath ${context.arg(0)} does not exist`);
  return datapath;
}

/** What follows the number does not matter. Differs: without one, the reference takes any zone. Throws CommandFailed. */
function readZone(text: string): Integer {
  const found = /^zone=([ \t-\r]*[-+]?\d.*)/s.exec(text)?.[1];
  if (found === undefined) throw new CommandFailed(`${text}: not "zone=" and a number`);
  const zone = BigInt.asIntN(64, leadingNumber(found, 'any').value);
  return Number.isSafeInteger(Number(zone)) ? Number(zone) : zone;
}

/**
 * The name and seconds of the first pair, a number as C's atoi reads it: the database refuses what it does not allow.
 * undefined where there is nothing.
 */
function readTimeout(text: string): [name: string, seconds: number] | undefined {
  const [pair] = keyValues(text);
  if (pair === undefined) return undefined;
  const { value } = leadingNumber(pair.value, 10);
  const seconds = value > mostOf64Bits ? mostOf64Bits : value < -mostOf64Bits ? -mostOf64Bits - 1n : value;
  return [pair.name, Number(BigInt.asIntN(32, seconds))];
}

function zoneRow(context: Context, datapath: WorkRow, zone: Integer): WorkRow | undefined {
  const id = datapath.valueUnder('ct_zones', zone);
  return id === undefined ? undefined : context.work.row('CT_Zone', String(id), ['timeout_policy']);
}

function addZone(context: Context): void {
  const zone = readZone(context.arg(1));
  const datapath = needDatapath(context);
  const row = zoneRow(context, datapath, zone);
  if (row !== undefined && !context.has('--may-exist'))
    throw new CommandFailed(`zone id ${zone} already exists`);
  const timeouts = context.command.args.slice(2).map(readTimeout);
  if (timeouts.includes(undefined)) return;
  const policy = policyFor(
    context,
    timeouts.filter((pair) => pair !== undefined),
  ).id;
  if (row !== undefined) {
    row.set('timeout_policy', policy);
    return;
  }
  const added = context.work.insert('CT_Zone', { timeout_policy: policy });
  datapath.add('ct_zones', [zone, added.id]);
}

/** Equal policies share one row. */
function policyFor(context: Context, seconds: readonly (readonly [string, number])[]): WorkRow {
  const { type } = columnNamed(context.work.table('CT_Timeout_Policy'), 'timeouts');
  const timeouts = makeDatum(type, seconds.flat());
  const same = context.work
    .rows('CT_Timeout_Policy', ['timeouts'])
    .find((row) => equalDatums(row.get('timeouts'), timeouts));
  return same ?? context.work.insert('CT_Timeout_Policy', { timeouts });
}

function deleteZone(context: Context): void {
  const zone = readZone(context.arg(1));
  const datapath = needDatapath(context);
  const isThere = datapath.valueUnder('ct_zones', zone) !== undefined;
  if (!isThere && !context.has('--if-exists')) throw new CommandFailed(`zone id ${zone} does not exist`);
  if (isThere) datapath.remove('ct_zones', zone);
}

function listZones(context: Context): void {
  const datapath = findDatapath(context, ['ct_zones']);
  if (datapath === undefined) throw new CommandFailed(`datapath: ${context.arg(0)} record not found`);
  const zones: Json[] = [];
  for (const [zone, id] of datapath.pairs('ct_zones')) {
    const policyId = context.work.row('CT_Zone', String(id), ['timeout_policy'])?.text('timeout_policy');
    const policy =
      policyId === undefined ? undefined : context.work.row('CT_Timeout_Policy', policyId, ['timeouts']);
    const timeouts = policy?.pairs('timeouts');
    const text = timeouts?.map(([key, value]) => `${key}=${value}`).join(' ') ?? 'system default';
    context.print(`Zone:${zone}, Timeout Policies: ${text}`.replace(/ +$/, ''));
    zones.push({ zone: Number(zone), timeouts: timeouts === undefined ? null : pairsToJson(timeouts) });
  }
  context.value = zones;
}

function listCapabilities(context: Context): void {
  const datapath = findDatapath(context, ['capabilities']);
  if (datapath === undefined) throw new CommandFailed(`datapath "${context.arg(0)}" record not found`);
  const capabilities = datapath.pairs('capabilities');
  context.print(capabilities.map(([key, value]) => `${key}=${value}`).join(' '), pairsToJson(capabilities));
}

/** Timeouts are numbers. */
function pairsToJson(pairs: readonly (readonly [Scalar, Scalar])[]): Json {
  return Object.fromEntries(
    pairs.map(([key, value]) => [String(key), typeof value === 'bigint' ? Number(value) : value]),
  );
}
