import { afterEach, describe, expect, test } from 'vitest';
import { logRegistry } from '../base/log.ts';
import { ms } from '../base/units.ts';
import { endOfFile, logVisit } from './connection-log.ts';
import { Reconnect } from './reconnect.ts';

afterEach(() => logRegistry.setSink('file', undefined));

describe('the state machine of a kept-up connection', () => {
  test('waits longer after each failure, up to the maximum', () => {
    const machine = new Reconnect('r', { minBackoff: ms(1000), maxBackoff: ms(8000) });
    let now = ms(0);
    const waits: number[] = [];
    machine.enable(now);
    for (let i = 0; i < 6; i++) {
      const due = machine.nextDue();
      waits.push(due - now);
      now = due;
      expect(machine.run(now)).toBe('connect');
      machine.connecting(now);
      machine.disconnected(now, 'Connection refused');
    }
    expect(waits).toEqual([0, 1000, 2000, 4000, 8000, 8000]);
  });

  test('gives an attempt at least a second', () => {
    const machine = new Reconnect('r');
    machine.enable(ms(0));
    machine.connecting(ms(0));
    expect(machine.run(ms(999))).toBeUndefined();
    expect(machine.run(ms(1000))).toBe('disconnect');
  });

  test('probes after silence, and disconnects when the probe is not answered either', () => {
    const machine = new Reconnect('r', { probeInterval: ms(5000) });
    machine.enable(ms(0));
    machine.connecting(ms(0));
    machine.connected(ms(0));
    expect(machine.run(ms(5000))).toBe('probe');
    machine.activity(ms(5001));
    expect(machine.nextDue()).toBe(10_001);
    expect(machine.run(ms(10_001))).toBe('probe');
    expect(machine.run(ms(15_001))).toBe('disconnect');
  });

  test('never probes when the interval is zero', () => {
    const machine = new Reconnect('r', { probeInterval: ms(0) });
    machine.enable(ms(0));
    machine.connecting(ms(0));
    machine.connected(ms(0));
    expect(machine.nextDue()).toBe(Number.POSITIVE_INFINITY);
  });

  test('starts afresh after a connection that lasted', () => {
    const machine = new Reconnect('r', { minBackoff: ms(1000), maxBackoff: ms(8000) });
    machine.enable(ms(0));
    for (let i = 0; i < 4; i++) {
      machine.connecting(ms(0));
      machine.disconnected(ms(0), 'x');
    }
    machine.connecting(ms(0));
    machine.connected(ms(0));
    machine.activity(ms(8000));
    machine.disconnected(ms(60_000), endOfFile);
    expect(machine.nextDue()).toBe(61_000);
  });

  test('ends at the first failure when the peer is not ours to call', () => {
    const machine = new Reconnect('r', { maxTries: 0 });
    machine.enable(ms(0));
    machine.connecting(ms(0));
    machine.connected(ms(0));
    machine.disconnected(ms(1), endOfFile);
    expect(machine.state).toBe('void');
  });

  test('tries each of several peers before it waits, also after one that was good', () => {
    const machine = new Reconnect('r', { freeTries: 3 });
    let now = ms(0);
    const waits: number[] = [];
    const fail = (): void => {
      machine.connecting(now);
      machine.disconnected(now, 'Connection refused');
      waits.push(machine.nextDue() - now);
      now = machine.nextDue();
    };
    machine.enable(now);
    for (let i = 0; i < 4; i++) fail();
    machine.connecting(now);
    machine.connected(now);
    machine.setFreeTries(4);
    machine.forceReconnect(now);
    expect(machine.run(now)).toBe('disconnect');
    machine.disconnected(now, undefined);
    for (let i = 0; i < 3; i++) fail();
    expect(waits).toEqual([0, 0, 1000, 2000, 0, 0, 1000]);
  });

  test('ends when its tries are used up', () => {
    const machine = new Reconnect('r', { maxTries: 2 });
    machine.enable(ms(0));
    for (const now of [ms(0), ms(1000)]) {
      expect(machine.run(now)).toBe('connect');
      machine.connecting(now);
      machine.disconnected(now, 'Connection refused');
    }
    expect(machine.state).toBe('void');
    machine.enable(ms(5000));
    expect(machine.state).toBe('void');
  });

  test('counts a connection that ends before anything was heard as another failure', () => {
    const machine = new Reconnect('r');
    machine.enable(ms(0));
    machine.connecting(ms(0));
    machine.disconnected(ms(0), 'Connection refused');
    machine.connecting(ms(1000));
    machine.connected(ms(1000));
    machine.disconnected(ms(9000), endOfFile);
    expect(machine.nextDue()).toBe(11_000);
  });

  test('waits without end, and without a delay, for a peer that is to call', () => {
    const machine = new Reconnect('r');
    machine.setPeer('ptcp:1', true);
    machine.enable(ms(0));
    machine.connecting(ms(0));
    expect([machine.state, machine.nextDue()]).toEqual(['listening', Number.POSITIVE_INFINITY]);
    machine.connected(ms(5));
    machine.disconnected(ms(5), endOfFile);
    expect(machine.nextDue()).toBe(5);
  });

  test('shortens a wait when the longest gets shorter', () => {
    const machine = new Reconnect('r');
    machine.enable(ms(0));
    for (let i = 0; i < 4; i++) {
      machine.connecting(ms(0));
      machine.disconnected(ms(0), 'x');
    }
    machine.setBackoff(undefined, ms(3000));
    expect(machine.nextDue()).toBe(3000);
  });

  test('says what happens in the words that operators know', () => {
    const said: string[] = [];
    logRegistry.setSink('file', { write: (record) => said.push(record.text) });
    const machine = new Reconnect('tcp:1.2.3.4:5', { maxBackoff: ms(2000) });
    machine.enable(ms(0));
    machine.connecting(ms(0));
    machine.disconnected(ms(0), 'Connection refused');
    machine.connecting(ms(1000));
    machine.disconnected(ms(1000), 'Connection refused');
    machine.connecting(ms(3000));
    machine.connected(ms(3000));
    machine.disconnected(ms(9000), endOfFile);
    expect(said).toEqual([
      'tcp:1.2.3.4:5: connecting...',
      'tcp:1.2.3.4:5: connection attempt failed (Connection refused)',
      'tcp:1.2.3.4:5: connecting...',
      'tcp:1.2.3.4:5: connection attempt failed (Connection refused)',
      'tcp:1.2.3.4:5: continuing to reconnect in the background but suppressing further logging',
      'tcp:1.2.3.4:5: connected',
      'tcp:1.2.3.4:5: connection closed by peer',
    ]);
  });

  test('has words for peers that are to call, and none for what is only said when asked for', () => {
    const said: string[] = [];
    logRegistry.setSink('file', { write: ({ level, text }) => void said.push(`${level} ${text}`) });
    const passive = new Reconnect('ptcp:1', { minBackoff: ms(500), maxBackoff: ms(2000) });
    passive.setPeer('ptcp:1', true);
    passive.enable(ms(0));
    for (let i = 0; i < 4; i++) {
      passive.connecting(ms(0));
      passive.disconnected(ms(0), 'Address already in use');
    }
    const visit = new Reconnect('unix#1', { maxTries: 0, report: logVisit, probeInterval: ms(1000) });
    visit.connected(ms(0));
    visit.run(ms(1000));
    visit.run(ms(2004));
    visit.disconnected(ms(2004), 'Connection reset by peer');
    expect(said).toEqual([
      'info ptcp:1: listening...',
      'info ptcp:1: listen attempt failed (Address already in use)',
      'info ptcp:1: listening...',
      'info ptcp:1: listen attempt failed (Address already in use)',
      'info ptcp:1: waiting 1 seconds before trying to listen again',
      'info ptcp:1: listening...',
      'info ptcp:1: listen attempt failed (Address already in use)',
      'info ptcp:1: continuing to try to listen in the background but suppressing further logging',
      'info ptcp:1: listening...',
      'err unix#1: no response to inactivity probe after 1 seconds, disconnecting',
      'warn unix#1: connection dropped (Connection reset by peer)',
    ]);
  });
});
