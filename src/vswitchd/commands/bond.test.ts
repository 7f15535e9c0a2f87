import { afterAll, beforeAll, expect, test } from 'vitest';
import { SwitchFixture } from '../../../test/sim/switch-fixture.ts';
import type { CommandOutput } from '../../daemon/unixctl.ts';
import { bondCommands } from './bond.ts';

let fixture: SwitchFixture;

beforeAll(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
  await fixture.addBridge('br0', ['p1']);
  const { _uuid } = fixture.port('p1');
  await fixture.change((tx) => {
    tx.mutate('Port', _uuid, { interfaces: { insert: [tx.insert('Interface', { name: 'p2' })] } });
    tx.update('Port', _uuid, { bond_mode: 'active-backup', lacp: 'passive' });
  });
});

afterAll(() => fixture.stop());

const ignored = (): void => {};
/** None of these answers later. */
const noReply = { done: ignored, failed: ignored, part: undefined, onGone: ignored };

function run(name: string, ...args: readonly string[]): CommandOutput | undefined {
  const command = bondCommands(fixture.aSwitch).find((one) => one.name === name) ?? expect.unreachable();
  return command.run(args, noReply);
}

test('bonds and what LACP says of them are data as well as text', () => {
  expect(run('bond/list')).toEqual({
    text: 'bond\ttype\trecircID\tmembers\np1\tactive-backup\t0\tp1, p2\n',
    json: [{ name: 'p1', mode: 'active-backup', recirculation: 0, members: ['p1', 'p2'] }],
  });
  expect(run('bond/show', 'p1')).toMatchObject({
    text: expect.stringContaining('lacp_status: configured'),
    json: [{ name: 'p1', lacp: 'configured', members: [{ name: 'p1' }, { name: 'p2' }] }],
  });
  expect(run('lacp/show')).toMatchObject({
    text: expect.stringContaining('  status: passive\n'),
    json: [{ name: 'p1', isNegotiated: false, members: [{ status: 'defaulted' }, { status: 'defaulted' }] }],
  });
  expect(run('bond/hash', '00:00:00:00:00:01')).toEqual({ text: '68', json: 68 });
});

test('what is done to members is told', () => {
  expect(run('bond/enable-member', 'p1', 'p1')).toEqual({ text: 'enabled', json: 'enabled' });
  expect(() => run('bond/show', 'p9')).toThrow('no such bond');
  expect(() => run('lacp/show-stats', 'p9')).toThrow('no such lacp object');
});
