/** What the system tests compare with the reference, where there is none. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SwitchFixture } from '../switch-fixture.ts';

let fixture: SwitchFixture;

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
});

afterEach(async () => {
  await fixture.stop();
});

/** Pieces of what people type, right and wrong. */
const word = fc.constantFrom(
  ...[
    'br0',
    'dummy',
    'ovs-dummy',
    'in_port=1',
    'in_port(1)',
    'in_port(1),eth()',
    'eth(',
    'tcp',
    'tcp,tp_dst=80',
  ],
  ...[
    '-generate',
    '--names',
    '--l7-len',
    '5',
    '--ct-next',
    'trk',
    '',
    '50540000000250540000000108060001',
    'zz',
  ],
  ...['dl_vlan=5', 'nw_src=1.2.3.4', 'recirc_id(1)', 'in_port(99)', 'resubmit(,0)', 'output:1', 'nonsense()'],
);

test('any arguments are traced or refused with a reason', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  const args = fc.array(fc.oneof({ weight: 8, arbitrary: word }, fc.string()), { maxLength: 5 });
  const commands = fc.constantFrom('ofproto/trace', 'ofproto/trace-packet-out');
  await fc.assert(
    fc.asyncProperty(commands, args, async (name, given) => {
      const said = await fixture.appctl(name, ...given).catch((why: Error) => {
        if (why.constructor !== Error) throw why; // no refusal, but a fault
        return why.message;
      });
      expect(said).not.toBe('');
    }),
    { numRuns: 300 },
  );
});

test('the packet that a trace is given teaches the bridge its source', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  const packet = 'in_port=1,dl_src=50:54:00:00:00:01,dl_dst=50:54:00:00:00:02';
  await fixture.appctl('ofproto/trace', 'br0', packet);
  expect(await fixture.appctl('fdb/show', 'br0')).not.toContain('50:54:00:00:00:01');
  const text = await fixture.appctl('ofproto/trace', 'br0', packet, '-generate');
  expect(text).toContain(' -> learned that 50:54:00:00:00:01 is on port p');
  expect(await fixture.appctl('fdb/show', 'br0')).toContain('50:54:00:00:00:01');
});
