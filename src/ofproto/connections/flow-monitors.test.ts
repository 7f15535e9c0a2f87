import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { matchOn } from '../../flow/match.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { anyGroup } from '../../openflow/messages/flow-mod.ts';
import { type FlowMonitorRequest, monitorFlags } from '../../openflow/messages/monitor-request.ts';
import type { FlowUpdate } from '../../openflow/messages/monitor-updates.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import { ChangeTurns } from '../change-turns.ts';
import type { Requester } from '../requester.ts';
import { FlowTables } from '../tables/flow-tables.ts';
import { addRule, removeRules } from '../tables/flow-transaction.ts';
import { FlowMonitors } from './flow-monitors.ts';

const { initial, add, delete: gone, modify, actions } = monitorFlags;
const everything = initial | add | gone | modify | actions;

function monitorOf(
  id: number,
  flags = everything,
  more: Partial<FlowMonitorRequest> = {},
): FlowMonitorRequest {
  const any = { outPort: reservedPorts.ANY, outGroup: anyGroup, table: 0xff, match: matchOn({}) };
  return { id, command: 'add', flags, ...any, ...more };
}

const toPort = (port: number): Action => ({ do: 'output', port, maxLength: 0 });

describe('monitors of flows', () => {
  let told: string[] = [];
  let isSlow = false;
  let by: Requester | undefined;
  let tables: FlowTables;
  let monitors: FlowMonitors;

  beforeEach(() => {
    told = [];
    isSlow = false;
    by = undefined;
    const clock = new FakeClock();
    tables = new FlowTables({
      clock,
      turns: new ChangeTurns(new Timers(clock)),
      onReordered: () => {},
      onEnd: () => {},
      onChange: (events) => monitors.changed(events, by),
    });
    const send = (updates: Iterable<FlowUpdate>): void => {
      for (const update of updates)
        told.push('priority' in update ? `${update.event} ${update.priority}` : update.event);
    };
    monitors = new FlowMonitors({ tables: () => tables, send, isSlow: () => isSlow });
  });

  const put = (priority: number, port = 1, table = 0) =>
    addRule(tables, { table, priority, match: matchOn({}), actions: [toPort(port)] });

  test('tell what is there and what comes and goes', () => {
    put(1);
    expect(monitors.request([monitorOf(1)])).toMatchObject([{ event: 'initial', priority: 1 }]);
    const rule = put(2);
    removeRules(tables, [rule]);
    expect(told).toEqual(['added 2', 'deleted 2']);
  });

  test('tell of those only that they are about', () => {
    monitors.request([monitorOf(1, add, { table: 3 }), monitorOf(2, add | gone, { outPort: 5 })]);
    put(1);
    put(2, 1, 3);
    removeRules(tables, [put(3, 5)]);
    expect(told).toEqual(['added 2', 'added 3', 'deleted 3']);
  });

  test("tell of a peer's own changes in short, once for each request", () => {
    monitors.request([monitorOf(1)]);
    by = { connection: { flowsModified: () => {} }, xid: 7 };
    put(1);
    monitors.request([monitorOf(2, everything | monitorFlags.own)]);
    put(2);
    expect(told).toEqual(['abbreviated', 'added 2']);
  });

  test('are made all or none', () => {
    expect(() => monitors.request([monitorOf(1), monitorOf(1)])).toThrow(OpenFlowError);
    expect(() => monitors.cancel(1)).toThrow(OpenFlowError);
    expect(() => monitors.request([monitorOf(1, add, { table: 254 })])).toThrow(OpenFlowError);
    expect(() => monitors.request([monitorOf(1, add, { command: 'modify' })])).toThrow(OpenFlowError);
    monitors.request([monitorOf(1)]);
    monitors.cancel(1);
    put(1);
    expect(told).toEqual([]);
  });

  test('pause for a peer that does not read, and tell later what it missed', () => {
    monitors.request([monitorOf(1)]);
    const [known, other] = [put(1), put(2)];
    isSlow = true;
    put(3);
    expect(told).toEqual(['added 1', 'added 2', 'added 3', 'paused']);
    told = [];
    removeRules(tables, [put(4)]); // came and went
    removeRules(tables, [known]);
    put(5);
    put(2, 9);
    expect(other.mask).toBeUndefined();
    expect(told).toEqual(['deleted 1']);
    isSlow = false;
    monitors.drained();
    expect(told).toEqual(['deleted 1', 'added 5', 'modified 2', 'resumed']);
    expect(monitors.isPaused).toBe(false);
  });

  test('stay paused while the peer does not take what it missed', () => {
    monitors.request([monitorOf(1)]);
    isSlow = true;
    put(1);
    for (let n = 2; n < 5; n++) put(n);
    monitors.drained();
    expect(told).toEqual(['added 1', 'paused', 'added 2']);
    monitors.drained();
    isSlow = false;
    monitors.drained();
    expect(told.slice(3)).toEqual(['added 3', 'added 4', 'resumed']);
  });
});
