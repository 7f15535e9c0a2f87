import { describe, expect, test } from 'vitest';
import { CoverageRates, coverageCounter } from '../base/coverage.ts';
import { logRegistry } from '../base/log.ts';
import { ms } from '../base/units.ts';
import type { Channel, Json, RpcMessage } from '../rpc/channel.ts';
import { channelPair } from '../rpc/pair.ts';
import { addBuiltinCommands, formatMemory } from './builtin-commands.ts';
import { LogControl } from './log-control.ts';
import { OWN_VERSION } from './program.ts';
import { type CommandReply, Commands, defineCommand, told, UnixctlServer } from './unixctl.ts';

function start() {
  const commands = new Commands();
  const server = new UnixctlServer(commands);
  const later: CommandReply[] = [];
  const exits: (readonly string[])[] = [];
  addBuiltinCommands(commands, {
    name: 'prog',
    log: new LogControl({ program: 'prog', hostname: 'vm', pid: 1, started: ms(0), facility: 0 }),
    rates: new CoverageRates(ms(0)),
    memoryCounts: () =>
      new Map([
        ['rules', 3],
        ['none', 0],
        ['ports', 12],
      ]),
    exitUsage: '[--cleanup]',
    exit(args, done) {
      exits.push(args);
      done();
    },
  });
  logRegistry.setLevel('off', 'console');
  commands.add(
    defineCommand({
      name: 'wait',
      usage: 'A [B]',
      minArgs: 1,
      maxArgs: 2,
      run(_args, reply) {
        later.push(reply);
        return undefined;
      },
    }),
  );
  return { server, later, exits };
}

/** A client that sends raw requests and collects what comes back. */
function connect(server: UnixctlServer, backlog?: () => number) {
  const [near, far]: readonly [Channel, Channel] = channelPair();
  if (backlog !== undefined) Object.defineProperty(far, 'backlog', { get: backlog });
  server.serve(far);
  const replies: RpcMessage[] = [];
  const state = { isClosed: false };
  near.events = {
    message: (message) => replies.push(message),
    closed() {
      state.isClosed = true;
    },
  };
  let id = 0;
  const ask = async (method: string, ...params: Json[]): Promise<Json> => {
    near.send({ method, params, id: id++ });
    await settle();
    server.run();
    await settle();
    const reply = replies.at(-1);
    return reply !== undefined && 'result' in reply ? (reply.error ?? reply.result) : 'no reply';
  };
  return { near, replies, ask, state };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

describe('the control socket', () => {
  test('answers the commands that every daemon has', async () => {
    const { server, exits } = start();
    const { ask } = connect(server);
    expect(await ask('version')).toBe('prog (Open vSwitch) 3.1.0\n');
    expect(await ask('memory/show')).toBe('ports:12 rules:3\n');
    expect(await ask('list-commands')).toContain(
      '  exit                    [--cleanup]\n  list-commands           \n',
    );
    expect(await ask('help')).toBe(await ask('list-commands'));
    expect(await ask('exit', '--cleanup')).toBe('');
    expect(exits).toEqual([['--cleanup']]);
  });

  test('refuses in the words of the reference', async () => {
    const { server } = start();
    const { ask } = connect(server);
    expect(await ask('foo')).toBe(
      '"foo" is not a valid command (use "list-commands" to see a list of valid commands)\n',
    );
    expect(await ask('wait')).toBe('"wait" command requires at least 1 arguments\n');
    expect(await ask('version', 'x')).toBe('"version" command takes at most 0 arguments\n');
    expect(await ask('version', 1)).toBe('"version" command takes at most 0 arguments\n');
    expect(await ask('vlog/set', 1)).toBe('"vlog/set" command has non-string argument\n');
    expect(await ask('coverage/read-counter', 'none')).toBe('No such counter\n');
    expect(await ask('vlog/enable-rate-limit', 'none')).toBe('unknown module\n');
    expect(await ask('vlog/set', 'nonsense')).toBe('no destination, level, or module "nonsense"\n');
    expect(await ask('vlog/reopen')).toBe('Logging to file not configured\n');
  });

  test("lets a command answer later and handles its client's next request only then", async () => {
    const { server, later } = start();
    let wakeCount = 0;
    server.onWake = () => {
      wakeCount++;
    };
    const first = connect(server);
    const second = connect(server);
    expect(await first.ask('wait', 'x')).toBe('no reply');
    expect(await first.ask('version')).toBe('no reply');
    expect(await second.ask('version')).toContain('3.1.0');
    expect(wakeCount).toBeGreaterThan(2);
    later[0]?.done(told('at last'));
    later[0]?.failed('twice');
    expect(server.isPending).toBe(true);
    server.run();
    await settle();
    expect(first.replies).toEqual([
      { id: 0, result: 'at last\n', error: null },
      { id: 1, result: 'prog (Open vSwitch) 3.1.0\n', error: null },
    ]);
  });

  test('sends parts of an answer before the rest, to a client that asked for them', async () => {
    const { server, later } = start();
    const { near, ask, replies } = connect(server);
    await ask('wait', 'x');
    expect(later[0]?.part).toBeUndefined();
    later[0]?.done('');
    expect(await ask('set-options', '--parts')).toBe('');
    expect(await ask('wait', 'x')).toBe('');
    expect(later[1]?.part?.({ text: 'one', json: 1 })).toBe(true);
    expect(later[1]?.part?.({ text: 'two', json: 2 })).toBe(true);
    later[1]?.done(told('three'));
    await settle();
    expect(replies.slice(-3)).toEqual([
      { method: 'part', params: ['one\n'], id: null },
      { method: 'part', params: ['two\n'], id: null },
      { id: 2, result: 'three\n', error: null },
    ]);
    near.close();
  });

  test('sends no parts to a client that leaves too much unread, and says when it has gone', async () => {
    const { server, later } = start();
    let backlog = 0;
    const { near, ask, replies } = connect(server, () => backlog);
    await ask('set-options', '--parts');
    await ask('wait', 'x');
    let goneCount = 0;
    later[0]?.onGone(() => {
      goneCount++;
    });
    const results: unknown[] = [];
    for (backlog of [100, 1e9, 100]) results.push(later[0]?.part?.({ text: `with ${backlog}`, json: null }));
    expect(results).toEqual([true, false, true]);
    await settle();
    expect(replies.filter((reply) => 'method' in reply)).toHaveLength(2);
    expect(goneCount).toBe(0);
    near.close();
    await settle();
    expect(goneCount).toBe(1);
    later[0]?.done('');
  });

  test('answers a flood in order, whoever runs it', async () => {
    const { server, later } = start();
    server.onWake = () => server.run();
    const { near, replies } = connect(server);
    near.send({ method: 'wait', params: ['x'], id: 0 });
    for (let id = 1; id <= 30_000; id++) near.send({ method: 'version', params: [], id });
    await settle();
    later[0]?.done('');
    while (replies.length < 30_001) await settle();
    expect(replies.every((reply, at) => reply.id === at)).toBe(true);
  });

  test('answers with data to a client that asked for JSON', async () => {
    const { server } = start();
    const { ask } = connect(server);
    coverageCounter('test_unixctl_hits').total = 5;
    expect(await ask('set-options', '--format', 'yaml')).toBe('option format yaml is invalid');
    expect(await ask('set-options', '--format', 'json')).toBe('');
    expect(await ask('version')).toEqual({
      reply: { program: 'prog', version: '3.1.0', 'ovs-ts': OWN_VERSION },
      'reply-format': 'json',
    });
    expect(await ask('memory/show')).toEqual({ reply: { ports: 12, rules: 3 }, 'reply-format': 'json' });
    expect(await ask('coverage/read-counter', 'test_unixctl_hits')).toEqual({
      reply: 5,
      'reply-format': 'json',
    });
    expect(await ask('vlog/list')).toMatchObject({ reply: { unixctl: { file: 'info' } } });
  });

  test('drops a client that sends no request', async () => {
    const { server } = start();
    const { near, state } = connect(server);
    near.send({ method: 'version', params: [], id: null });
    await settle();
    expect(state.isClosed).toBe(true);
  });

  test('sets levels and limits through vlog commands', async () => {
    const { server } = start();
    const { ask } = connect(server);
    await ask('vlog/set', 'unixctl:file:dbg', 'unixctl:syslog:err');
    expect(await ask('vlog/list')).toContain('unixctl            OFF        ERR        DBG\n');
    await ask('vlog/disable-rate-limit', 'unixctl');
    expect(await ask('vlog/list')).toContain('DBG    (rate limiting disabled)\n');
    await ask('vlog/enable-rate-limit');
    expect(await ask('vlog/list')).not.toContain('disabled');
    await ask('vlog/set', 'info');
  });
});

describe('coverage', () => {
  test('shows rates over five seconds, a minute and an hour', async () => {
    const rates = new CoverageRates(ms(0));
    const hits = coverageCounter('test_rates');
    hits.total = 10;
    expect(rates.run(ms(4999))).toBe(5000);
    expect(rates.run(ms(5000))).toBe(10_000);
    expect(rates.ratesOf('test_rates')).toEqual({ fiveSeconds: 2, minute: 10 / 60, hour: 10 / 3600 });
    rates.run(ms(10_000));
    expect(rates.ratesOf('test_rates').fiveSeconds).toBe(0);
    rates.run(ms(70_000));
    expect(rates.ratesOf('test_rates')).toEqual({ fiveSeconds: 0, minute: 0, hour: 10 / 3600 });
    rates.run(ms(3_700_000));
    expect(rates.ratesOf('test_rates').hour).toBe(0);
  });

  test('is a table with the counters that were hit', async () => {
    coverageCounter('test_shown').total = 3;
    coverageCounter('test_never');
    const { server } = start();
    const { ask } = connect(server);
    const text = await ask('coverage/show');
    expect(text).toMatch(
      /^Event coverage, avg rate over last: 5 seconds, last minute, last hour, {2}hash=[0-9a-f]{8}:\n/,
    );
    expect(text).toContain('test_shown                 0.0/sec     0.000/sec        0.0000/sec   total: 3\n');
    expect(text).not.toContain('test_never');
    expect(text).toMatch(/\n[0-9]+ events never hit\n$/);
  });
});

test('memory without anything to count says nothing', () => {
  expect(formatMemory(new Map([['a', 0]]))).toEqual({ text: '', json: {} });
});
