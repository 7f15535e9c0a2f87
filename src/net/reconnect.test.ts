import { afterEach, describe, expect, test } from 'vitest';
import { logRegistry } from '../base/log.ts';
import { ms } from '../base/units.ts';
import { Reconnect } from './reconnect.ts';

afterEach(() => logRegistry.setSink('file', undefined));

describe('the state machine of a kept-up connection', () => {
  test('waits longer after each failure, up to the maximum', () => {
    const machine = new Reconnect({ name: 'r', minBackoff: ms(1000), maxBackoff: ms(8000) });
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
    const machine = new Reconnect({ name: 'r' });
    machine.enable(ms(0));
    machine.connecting(ms(0));
    expect(machine.run(ms(999))).toBeUndefined();
    expect(machine.run(ms(1000))).toBe('disconnect');
  });

  test('probes after silence, and disconnects when the probe is not answered either', () => {
    const machine = new Reconnect({ name: 'r', probeInterval: ms(5000) });
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
    const machine = new Reconnect({ name: 'r', probeInterval: ms(0) });
    machine.enable(ms(0));
    machine.connecting(ms(0));
    machine.connected(ms(0));
    expect(machine.nextDue()).toBe(Number.POSITIVE_INFINITY);
  });

  test('starts afresh after a connection that lasted', () => {
    const machine = new Reconnect({ name: 'r', minBackoff: ms(1000), maxBackoff: ms(8000) });
    machine.enable(ms(0));
    for (let i = 0; i < 4; i++) machine.disconnected(ms(0), 'x');
    machine.connecting(ms(0));
    machine.connected(ms(0));
    machine.disconnected(ms(60_000), '');
    expect(machine.nextDue()).toBe(61_000);
  });

  test('ends at the first failure when the peer is not ours to call', () => {
    const machine = new Reconnect({ name: 'r', isPersistent: false });
    machine.enable(ms(0));
    machine.connecting(ms(0));
    machine.connected(ms(0));
    machine.disconnected(ms(1), '');
    expect(machine.state).toBe('void');
  });

  test('says what happens in the words that operators know', () => {
    const said: string[] = [];
    logRegistry.setSink('file', { write: (record) => said.push(record.text) });
    const machine = new Reconnect({ name: 'tcp:1.2.3.4:5', maxBackoff: ms(2000) });
    machine.enable(ms(0));
    machine.connecting(ms(0));
    machine.disconnected(ms(0), 'Connection refused');
    machine.connecting(ms(1000));
    machine.disconnected(ms(1000), 'Connection refused');
    machine.connecting(ms(3000));
    machine.connected(ms(3000));
    machine.disconnected(ms(9000), '');
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
});
