/**
 * What a connection is told of flows that come, change and go: OpenFlow 1.4.1 section 7.3.5.17, and Nicira's monitors.
 * A peer that does not read is told that it misses something, and what, when it has read; till then what it misses is
 * kept as references to flows that are there, so it is never more than those.
 */

import { isDeepStrictEqual } from 'node:util';
import { coverageCounter } from '../../base/coverage.ts';
import { entriesIn } from '../../base/literals.ts';
import { isMatchWithin, type Match } from '../../flow/match.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { anyGroup } from '../../openflow/messages/flow-mod.ts';
import type { FlowRemovedReason } from '../../openflow/messages/flow-removed.ts';
import { type FlowMonitorRequest, monitorFlags } from '../../openflow/messages/monitor-request.ts';
import type { FlowChange, FlowUpdate } from '../../openflow/messages/monitor-updates.ts';
import { allTables } from '../../openflow/messages/tables.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import type { Requester } from '../requester.ts';
import type { FlowEvent } from '../tables/flow-events.ts';
import { findRules, sendsTo } from '../tables/flow-query.ts';
import { type FlowTables, visibleTableCount } from '../tables/flow-tables.ts';
import type { Rule } from '../tables/rule.ts';

const paused = coverageCounter('ofmonitor_pause');
const resumed = coverageCounter('ofmonitor_resume');

export interface FlowMonitorsDeps {
  readonly tables: () => FlowTables;
  /** Sends some of these and takes what it sends from `updates`; says whether the peer can be sent more. */
  readonly send: (updates: Iterable<FlowUpdate>) => void;
  /** Too much waits for the peer. */
  readonly isSlow: () => boolean;
}

/** The part of a transaction that is sent before the next look at whether the peer reads. */
const updatesOfTurn = 256;

interface Missed {
  readonly added: Set<Rule>;
  readonly modified: Set<Rule>;
}

export class FlowMonitors {
  readonly #deps: FlowMonitorsDeps;
  readonly #monitors = new Map<number, FlowMonitorRequest>();
  /** What a peer that does not read is not told for now. */
  #missed: Missed | undefined;

  constructor(deps: FlowMonitorsDeps) {
    this.#deps = deps;
  }

  get isPaused(): boolean {
    return this.#missed !== undefined;
  }

  /** Does all of it or nothing; returns the flows that are to be told at once. Throws OpenFlowError. */
  request(requests: readonly FlowMonitorRequest[]): FlowUpdate[] {
    const before = new Map(this.#monitors);
    try {
      for (const request of requests) this.#change(request);
    } catch (why) {
      this.#monitors.clear();
      for (const [id, monitor] of before) this.#monitors.set(id, monitor);
      throw why;
    }
    return this.#initial(requests.filter(({ id }) => this.#monitors.has(id)));
  }

  /** Throws OpenFlowError. */
  cancel(id: number): void {
    if (!this.#monitors.delete(id)) throw unknownMonitor(id);
  }

  /** Changes that were made together, by `by` where that is this peer's own request. */
  changed(events: readonly FlowEvent[], by: Requester | undefined): void {
    if (this.#monitors.size === 0) return;
    let updates: FlowUpdate[] = [];
    let hasAbbreviated = false;
    for (const event of events) {
      if (event.rule.isHidden || !this.#isToldNow(event)) continue;
      const flags = this.#flagsOf(event);
      if (flags === 0) continue;
      const isOwn = by !== undefined && this.#missed === undefined && (flags & monitorFlags.own) === 0;
      if (!isOwn) updates.push(changeOf(event, flags));
      else if (!hasAbbreviated) {
        hasAbbreviated = true;
        updates.push({ event: 'abbreviated', xid: by.xid });
      }
      if (updates.length < updatesOfTurn) continue;
      this.#send(updates);
      updates = [];
    }
    this.#send(updates);
  }

  /** The peer has read all that it was sent. */
  drained(): void {
    const missed = this.#missed;
    if (missed === undefined) return;
    for (const [kind, rules] of entriesIn(missed)) {
      for (const rule of rules) {
        rules.delete(rule);
        if (rule.mask === undefined) continue;
        const match = this.#deps.tables().matchOf(rule);
        const flags = this.#flagsWhere(eventFlags[kind], rule, match);
        if (flags === 0) continue;
        this.#deps.send([updateOf(rule, match, { event: kind, flags })]);
        if (this.#deps.isSlow()) return;
      }
    }
    this.#missed = undefined;
    resumed.total++;
    this.#deps.send([{ event: 'resumed' }]);
  }

  #send(updates: readonly FlowUpdate[]): void {
    if (updates.length > 0) this.#deps.send(updates);
    if (this.#missed !== undefined || !this.#deps.isSlow()) return;
    this.#missed = { added: new Set(), modified: new Set() };
    paused.total++;
    this.#deps.send([{ event: 'paused' }]);
  }

  /** While nothing is told but that flows go which the peer knows, keeps in mind what it is to be told later. */
  #isToldNow(event: FlowEvent): boolean {
    const missed = this.#missed;
    if (missed === undefined) return true;
    const { rule } = event;
    if (event.kind === 'removed') {
      missed.modified.delete(rule);
      return !missed.added.delete(rule);
    }
    const isNew = event.kind === 'added' || missed.added.delete(event.before);
    if (event.kind === 'modified') missed.modified.delete(event.before);
    missed[isNew ? 'added' : 'modified'].add(rule);
    return false;
  }

  #change(request: FlowMonitorRequest): void {
    const { id, command, table } = request;
    if (table !== allTables && table >= visibleTableCount)
      throw new OpenFlowError('OFPMOFC_BAD_TABLE_ID', `table ${table} of a flow monitor`);
    if (command === 'add' && this.#monitors.has(id))
      throw new OpenFlowError('OFPMOFC_MONITOR_EXISTS', `there is a flow monitor ${id} already`);
    if (command !== 'add' && !this.#monitors.has(id)) throw unknownMonitor(id);
    if (command === 'delete') this.#monitors.delete(id);
    else this.#monitors.set(id, request);
  }

  #initial(requests: readonly FlowMonitorRequest[]): FlowUpdate[] {
    const tables = this.#deps.tables();
    const flagsOf = new Map<Rule, number>();
    for (const { flags, ...query } of requests) {
      if ((flags & monitorFlags.initial) === 0) continue;
      const everyCookie = { cookie: 0n, cookieMask: 0n };
      for (const rule of findRules(tables, { ...query, ...everyCookie }, tables.version))
        flagsOf.set(rule, (flagsOf.get(rule) ?? 0) | flags);
    }
    return [...flagsOf].map(([rule, flags]) =>
      updateOf(rule, tables.matchOf(rule), { event: 'initial', flags }),
    );
  }

  /** What the monitors that want to know of an event ask for. */
  #flagsOf(event: FlowEvent): number {
    const { rule, match } = event;
    if (event.kind === 'added') return this.#flagsWhere(monitorFlags.add, rule, match);
    if (event.kind === 'removed') return this.#flagsWhere(monitorFlags.delete, rule, match);
    if (event.isAdd) return this.#flagsWhere(monitorFlags.add, rule, match, event.before);
    return isChanged(event.before, rule)
      ? this.#flagsWhere(monitorFlags.modify, rule, match, event.before)
      : 0;
  }

  #flagsWhere(wanted: number, rule: Rule, match: Match, before?: Rule): number {
    let flags = 0;
    for (const monitor of this.#monitors.values()) {
      const isConcerned =
        (monitor.flags & wanted) !== 0 &&
        (monitor.table === allTables || monitor.table === rule.table) &&
        isMatchWithin(monitor.match, match) &&
        isToldOf(monitor, rule, before);
      if (isConcerned) flags |= monitor.flags;
    }
    return flags;
  }
}

/** Where a flow sent packets before counts for ports, and not for groups. */
function isToldOf(monitor: FlowMonitorRequest, rule: Rule, before: Rule | undefined): boolean {
  if (sendsTo(rule, monitor)) return true;
  return (
    before !== undefined &&
    sendsTo(before, { ...monitor, outGroup: anyGroup }) &&
    sendsTo(rule, { ...monitor, outPort: reservedPorts.ANY })
  );
}

const eventFlags = { added: monitorFlags.add, modified: monitorFlags.modify } as const;

function unknownMonitor(id: number): OpenFlowError {
  return new OpenFlowError('OFPMOFC_UNKNOWN_MONITOR', `there is no flow monitor ${id}`);
}

function isChanged(before: Rule, now: Rule): boolean {
  return before.cookie !== now.cookie || !isDeepStrictEqual(before.actions, now.actions);
}

function changeOf(event: FlowEvent, flags: number): FlowUpdate {
  const { rule, match } = event;
  if (event.kind === 'removed') {
    const { reason } = event;
    return updateOf(rule, match, { event: 'deleted', flags, reason });
  }
  const isModified = event.kind === 'modified' && !event.isAdd;
  return updateOf(rule, match, { event: isModified ? 'modified' : 'added', flags });
}

interface Told {
  readonly event: FlowChange['event'];
  /** Of the monitors that want it. */
  readonly flags: number;
  readonly reason?: FlowRemovedReason;
}

function updateOf(rule: Rule, match: Match, { event, flags, reason = 0 }: Told): FlowUpdate {
  const { table, priority, idleTimeout, hardTimeout, cookie } = rule;
  const actions = (flags & monitorFlags.actions) === 0 ? [] : rule.actions;
  return { event, reason, table, priority, idleTimeout, hardTimeout, cookie, match, actions };
}
