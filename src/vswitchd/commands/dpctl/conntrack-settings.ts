/** `dpctl/ct-*` that set something: how many connections may be tracked, and whether sequence numbers are checked. */
import { errnos } from '../../../base/errno.ts';
import { Malformed } from '../../../base/errors.ts';
import { logger } from '../../../base/log.ts';
import type {
  LimitChange,
  LimitReport,
  TrackerSettings,
  ZoneLimit,
} from '../../../datapath/conntrack/queries.ts';
import { keyValues } from '../../../flow/key-values.ts';
import { readU32, readUnsigned } from '../../../openflow/actions/arguments.ts';
import type { Switch } from '../../switch.ts';
import { asJson } from '../common.ts';
import { type AnyDatapath, isDatapath, optionalDatapath } from './datapaths.ts';
import { type DpctlAnswer, type DpctlCommand, failure } from './request.ts';
import { scanNumber } from './scan-number.ts';

const log = logger('conntrack');

export function conntrackSettingCommands(aSwitch: Switch): DpctlCommand[] {
  return [
    {
      name: 'ct-set-maxconns',
      usage: '[dp] maxconns',
      minArgs: 1,
      maxArgs: 2,
      async run(args, _flags, answer) {
        const any = optionalDatapath(aSwitch, args, 2);
        const limit = scanNumber(args.at(-1), '', 32);
        if (limit === undefined) throw failure('maxconns missing or malformed', errnos.EINVAL);
        await configure(any, { limit }, 'setting maxconns', answer);
      },
    },
    {
      name: 'ct-get-maxconns',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      async run(args, _flags, answer) {
        const { limit } = await settingsOf(optionalDatapath(aSwitch, args, 1));
        answer.print(`${limit}\n`);
        answer.json = limit;
      },
    },
    ...(['enable', 'disable'] as const).map((verb) => sequenceCheckCommand(aSwitch, verb)),
    {
      name: 'ct-get-tcp-seq-chk',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      async run(args, _flags, answer) {
        const { checksSequence } = await settingsOf(optionalDatapath(aSwitch, args, 1));
        answer.print(`TCP sequence checking: ${checksSequence ? 'enabled' : 'disabled'}\n`);
        answer.json = checksSequence;
      },
    },
    ...limitCommands(aSwitch),
  ];
}

function settingsOf({ datapath }: AnyDatapath): Promise<TrackerSettings> {
  return datapath.conntrack({ ask: 'settings' });
}

async function configure(
  { datapath }: AnyDatapath,
  settings: Partial<TrackerSettings>,
  what: string,
  answer: DpctlAnswer,
): Promise<void> {
  await datapath.conntrack({ ask: 'configure', settings });
  answer.print(`${what} successful\n`);
  answer.json = `${what} successful`;
}

function sequenceCheckCommand(aSwitch: Switch, verb: 'enable' | 'disable'): DpctlCommand {
  const settings = { checksSequence: verb === 'enable' };
  const what = `${verb.replace(/e$/, '')}ing TCP sequence checking`;
  return {
    name: `ct-${verb}-tcp-seq-chk`,
    usage: '[dp]',
    minArgs: 0,
    maxArgs: 1,
    run: (args, _flags, answer) => configure(optionalDatapath(aSwitch, args, 2), settings, what, answer),
  };
}

/**
 * `dpctl/ct-*-limits`. Differs: what counts against a limit is all connections of a zone; the reference leaves those out
 * that came before the limit, and lets all zones without a limit of their own share the common one. The reference shows
 * a limit of 0 where there is none, but lets no connection pass once it was set to 0; so it is here.
 */
function limitCommands(aSwitch: Switch): DpctlCommand[] {
  return [
    {
      name: 'ct-set-limits',
      usage: '[dp] [default=L] [zone=N,limit=L]...',
      minArgs: 1,
      maxArgs: Number.POSITIVE_INFINITY,
      async run(args) {
        const { datapath } = optionalDatapath(aSwitch, args, Number.POSITIVE_INFINITY);
        const [first, ...others] = isDatapath(aSwitch, args[0]) ? args.slice(1) : args;
        const hasDefault = first?.startsWith('default=') === true;
        const fallback = scanNumber(first, 'default=', 32);
        if (hasDefault && fallback === undefined) throw failure('invalid default limit', errnos.EINVAL);
        const rest = hasDefault || first === undefined ? others : [first, ...others];
        logChanges(await datapath.conntrack({ ask: 'setLimits', fallback, zones: rest.map(readZoneLimit) }));
      },
    },
    {
      name: 'ct-del-limits',
      usage: '[dp] zone=N1[,N2]...',
      minArgs: 1,
      maxArgs: 2,
      async run(args) {
        const { datapath } = optionalDatapath(aSwitch, args, 2);
        const zones = readZones(args.at(-1) ?? '');
        logChanges(await datapath.conntrack({ ask: 'deleteLimits', zones }));
      },
    },
    {
      name: 'ct-get-limits',
      usage: '[dp] [zone=N1[,N2]...]',
      minArgs: 0,
      maxArgs: 2,
      async run(args, _flags, answer) {
        const { datapath } = optionalDatapath(aSwitch, args, 2);
        const [zones] = isDatapath(aSwitch, args[0]) ? args.slice(1) : args;
        const report = await datapath.conntrack({
          ask: 'limits',
          zones: zones === undefined ? undefined : readZones(zones),
        });
        answer.print(formatLimits(report));
        answer.json = asJson({ default: report.fallback ?? null, zones: report.zones });
      },
    },
  ];
}

function logChanges(changes: readonly LimitChange[]): void {
  for (const change of changes) log.info(formatChange(change));
}

function formatChange({ zone = -1, limit, wasSet }: LimitChange): string {
  if (limit !== undefined) return `${wasSet ? 'Changed' : 'Created'} zone limit of ${limit} for zone ${zone}`;
  return wasSet
    ? `Deleted zone limit for zone ${zone}`
    : `Attempted delete of non-existent zone limit: zone ${zone}`;
}

/** "zone=N,limit=L". Throws Refused. */
function readZoneLimit(text: string): ZoneLimit {
  let zone: number | undefined;
  let limit: number | undefined;
  for (const { name, value } of keyValues(text)) {
    if (value === '') throw failure(`field ${name} missing value`, errnos.EINVAL);
    if (name === 'zone') zone = readField(name, () => readUnsigned(value, 16, name));
    else if (name === 'limit') limit = readField(name, () => readU32(value));
    else throw failure(`invalid zone limit field: ${name}`, errnos.EINVAL);
  }
  if (zone === undefined || limit === undefined) throw failure('failed to parse zone limit', errnos.EINVAL);
  return { zone, limit };
}

function readField(name: string, read: () => number): number {
  try {
    return read();
  } catch (why) {
    throw why instanceof Malformed ? failure(`failed to parse field ${name}`, errnos.EINVAL) : why;
  }
}

/** "zone=N1[,N2]...". Throws Refused. */
function readZones(text: string): number[] {
  if (!text.startsWith('zone=')) throw failure(`invalid argument ${text}`, errnos.EINVAL);
  const list = text.slice(5).split(',');
  const told = list.length > 1 ? list.filter((each) => each !== '') : list;
  return told.map((each) => {
    const zone = scanNumber(each, '', 16);
    if (zone === undefined) throw failure('invalid zone', errnos.EINVAL);
    return zone;
  });
}

function formatLimits({ fallback, zones }: LimitReport): string {
  const lines = zones.map(({ zone, limit, count }) => `zone=${zone},limit=${limit ?? 0},count=${count}\n`);
  return `default limit=${fallback ?? 0}\n${lines.join('')}`;
}
