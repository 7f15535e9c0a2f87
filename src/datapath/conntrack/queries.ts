/** What the main thread asks of a tracker, which may be in another one: plain values both ways. */
import type { Ms } from '../../base/units.ts';
import {
  configureFragments,
  type FragmentReport,
  type FragmentSettings,
  reportFragments,
} from './fragments/report.ts';
import type { ProtocolReport } from './protocol.ts';
import type { Timeouts } from './timeouts.ts';
import type { ConnectionTracker } from './tracker.ts';
import type { Tuple } from './tuple.ts';

/** Ten words: see tuple.ts. */
export type TupleWords = readonly number[];

export interface ConnectionReport {
  readonly original: TupleWords;
  readonly reply: TupleWords;
  /** Of the connection that announced it. */
  readonly parent: TupleWords | undefined;
  readonly mark: number;
  /** Four words, the most significant first. */
  readonly label: readonly number[];
  readonly helper: string | undefined;
  /** Seconds that it may still be silent. */
  readonly timeout: number;
  readonly state: ProtocolReport | undefined;
}

/** What tuples have where a bit of `mask` is set; ten words each. */
export interface TuplePattern {
  readonly value: TupleWords;
  readonly mask: TupleWords;
}

export interface TrackerSettings {
  /** Connections remembered at most. */
  readonly limit: number;
  /** Whether segments of TCP must lie in their windows. */
  readonly checksSequence: boolean;
}

export interface ZoneLimit {
  readonly zone: number;
  readonly limit: number;
}

/** What became of a limit. */
export interface LimitChange {
  /** undefined: that of each zone without its own. */
  readonly zone: number | undefined;
  /** As it is now; undefined for none. */
  readonly limit: number | undefined;
  readonly wasSet: boolean;
}

export interface LimitReport {
  /** Of each zone without its own; undefined for none. */
  readonly fallback: number | undefined;
  readonly zones: readonly ZoneReport[];
}

interface ZoneReport {
  readonly zone: number;
  /** Its own, or that of all zones; undefined for none. */
  readonly limit: number | undefined;
  /** Connections in it. */
  readonly count: number;
}

interface Queries {
  /** All connections that are remembered, or those of a zone. */
  dump: { readonly zone: number | undefined; readonly answer: readonly ConnectionReport[] };
  count: { readonly answer: number };
  /** Forgets all, or those of a zone. */
  flush: { readonly zone: number | undefined; readonly answer: undefined };
  /** Forgets those that both patterns fit. */
  flushAlike: {
    readonly original: TuplePattern;
    readonly reply: TuplePattern;
    readonly answer: undefined;
  };
  /**
   * Forgets the one whose packets have that tuple. False where there is none; packets of a translated one are told by
   * the tuple that they had before.
   */
  flushOne: { readonly tuple: TupleWords; readonly answer: boolean };
  settings: { readonly answer: TrackerSettings };
  configure: { readonly settings: Partial<TrackerSettings>; readonly answer: undefined };
  /** Of these zones in this order, or of those with a limit of their own in the order of their numbers. */
  limits: { readonly zones: readonly number[] | undefined; readonly answer: LimitReport };
  /** `fallback`: undefined leaves it as it is. */
  setLimits: {
    readonly fallback: number | undefined;
    readonly zones: readonly ZoneLimit[];
    readonly answer: readonly LimitChange[];
  };
  /** Those zones have no limit of their own any more. */
  deleteLimits: { readonly zones: readonly number[]; readonly answer: readonly LimitChange[] };
  /** Makes a policy, which connections follow from their next packet. */
  setPolicy: { readonly policy: number; readonly timeouts: Timeouts; readonly answer: undefined };
  deletePolicy: { readonly policy: number; readonly answer: undefined };
  /** What waits for the rest of its packet. */
  fragments: { readonly answer: FragmentReport };
  /** False where that is not possible; then nothing changes. */
  configureFragments: { readonly settings: FragmentSettings; readonly answer: boolean };
}

export type ConntrackQuery = {
  readonly [N in keyof Queries]: { readonly ask: N } & Omit<Queries[N], 'answer'>;
}[keyof Queries];
export type ConntrackAnswer<Q extends ConntrackQuery = ConntrackQuery> = Queries[Q['ask']]['answer'];

/** A datapath's tracker, as the layers above ask it. */
export interface AsksConntrack {
  conntrack<Q extends ConntrackQuery>(query: Q): Promise<ConntrackAnswer<Q>>;
}

type Handlers = {
  readonly [N in keyof Queries]: (
    tracker: ConnectionTracker,
    query: Extract<ConntrackQuery, { ask: N }>,
    now: Ms,
  ) => Queries[N]['answer'];
};

const handlers: Handlers = {
  dump({ table }, { zone }, now) {
    table.sweep(now);
    return [...table]
      .filter((connection) => zone === undefined || connection.zone === zone)
      .map((connection) => ({
        original: [...connection.original],
        reply: [...connection.reply],
        parent: connection.parent && [...connection.parent],
        mark: connection.mark >>> 0,
        label: [...connection.label],
        helper: connection.helper,
        timeout: Math.max(0, Math.floor((connection.expiresAt - now) / 1000)),
        state: connection.state.report(),
      }));
  },
  count({ table }, _query, now) {
    table.sweep(now);
    return table.size;
  },
  flush({ table }, { zone }) {
    for (const connection of [...table])
      if (zone === undefined || connection.zone === zone) table.remove(connection);
    return undefined;
  },
  flushAlike({ table }, patterns) {
    for (const connection of [...table])
      if (fits(connection.original, patterns.original) && fits(connection.reply, patterns.reply))
        table.remove(connection);
    return undefined;
  },
  flushOne({ table }, { tuple }, now) {
    const found = table.find(Uint32Array.from(tuple), now);
    if (found === undefined) return false;
    const { connection, isReply } = found;
    if (isReply && (connection.natSource || connection.natDestination)) return false;
    table.remove(connection);
    return true;
  },
  settings: ({ limit, checksSequence }) => ({ limit, checksSequence }),
  configure(tracker, { settings }) {
    Object.assign(tracker, settings);
    return undefined;
  },
  limits(tracker, { zones }, now) {
    const { table, zoneLimits, defaultZoneLimit: fallback } = tracker;
    table.sweep(now);
    const shown = zones ?? [...zoneLimits.keys()].sort((a, b) => a - b);
    return {
      fallback,
      zones: shown.map((zone) => ({
        zone,
        limit: zoneLimits.get(zone) ?? fallback,
        count: table.countIn(zone),
      })),
    };
  },
  setLimits(tracker, { fallback, zones }) {
    const { zoneLimits, defaultZoneLimit } = tracker;
    const changes: LimitChange[] = [];
    if (fallback !== undefined) {
      tracker.defaultZoneLimit = fallback;
      changes.push({ zone: undefined, limit: fallback, wasSet: defaultZoneLimit !== undefined });
    }
    for (const { zone, limit } of zones) {
      changes.push({ zone, limit, wasSet: zoneLimits.has(zone) });
      zoneLimits.set(zone, limit);
    }
    return changes;
  },
  deleteLimits: ({ zoneLimits }, { zones }) =>
    zones.map((zone) => ({ zone, limit: undefined, wasSet: zoneLimits.delete(zone) })),
  setPolicy({ policies }, { policy, timeouts }) {
    policies.set(policy, timeouts);
    return undefined;
  },
  deletePolicy({ policies }, { policy }) {
    policies.delete(policy);
    return undefined;
  },
  fragments: ({ fragments }) => reportFragments(fragments),
  configureFragments: ({ fragments }, { settings }) => configureFragments(fragments, settings),
};

function fits(tuple: Tuple, { value, mask }: TuplePattern): boolean {
  return mask.every((bits, n) => (((tuple[n] ?? 0) ^ (value[n] ?? 0)) & bits) === 0);
}

export function answerQuery<Q extends ConntrackQuery>(
  tracker: ConnectionTracker,
  query: Q,
  now: Ms,
): ConntrackAnswer<Q> {
  // The table's line for `query.ask` takes exactly this variant; the compiler cannot relate the two by itself.
  const handle = handlers[query.ask] as (
    tracker: ConnectionTracker,
    query: ConntrackQuery,
    now: Ms,
  ) => ConntrackAnswer<Q>;
  return handle(tracker, query, now);
}
