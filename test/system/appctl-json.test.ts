/** `ovs-appctl -f json`: docs/appctl-json.md has an example of every command, and what the daemons answer has its shape. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandAnswer, findControlSocket, UnixctlClient } from '../../src/daemon/unixctl-client.ts';
import type { Json } from '../../src/rpc/channel.ts';
import { until, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { splitWords } from './support/words.ts';

interface Example {
  readonly command: string;
  /** What `reply` is like; undefined where the command is refused. */
  readonly reply: Json | undefined;
}

/** The examples below a heading: a command, and what it answers in the lines up to an empty one. */
function examplesOf(page: string, heading: string): Example[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^```\n(.*?)\n```$/gms)].flatMap(([, block = '']) =>
    block.split('\n\n').map((text) => {
      const [command = '', ...lines] = text.split('\n');
      const reply = lines.join('\n');
      return { command, reply: reply === 'refused' ? undefined : JSON.parse(reply) };
    }),
  );
}

/** Does `value` look like `example`: the same keys, the same types, in a list no other kinds of elements? */
function isLike(value: Json, example: Json): boolean {
  if (Array.isArray(example)) {
    const isKnown = (one: Json): boolean => example.some((kind: Json) => isLike(one, kind));
    return Array.isArray(value) && value.every(isKnown);
  }
  if (typeof example !== 'object' || example === null)
    return value === null ? example === null : typeof value === typeof example;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { '...': others, ...named } = example as Record<string, Json>;
  const keys = new Set([...Object.keys(value), ...(others === undefined ? Object.keys(named) : [])]);
  return [...keys].every((key) => {
    const own = (value as Record<string, Json>)[key];
    const shown = named[key] ?? (key in named ? null : others);
    return own !== undefined && shown !== undefined && isLike(own, shown);
  });
}

test('a value is like an example or not', () => {
  expect(isLike({ a: 1, b: [{ c: 'x' }] }, { a: 7, b: [{ c: '' }, null] })).toBe(true);
  expect(isLike({ a: 1 }, { a: 7, b: 1 })).toBe(false);
  expect(isLike({ a: 1, b: 1 }, { a: 7 })).toBe(false);
  expect(isLike({ x: 1, y: 2 }, { a: 7, '...': 0 })).toBe(true);
  expect(isLike({ x: 'text' }, { a: 7, '...': 0 })).toBe(false);
  expect(isLike([1, 'x'], [1])).toBe(false);
  expect(isLike(null, {})).toBe(false);
});

const ourBin = new URL('../../bin/', import.meta.url).pathname;

class OurHost extends DummyHost {
  override startDatabase(): void {
    const args = [join(this.folder, 'conf.db'), `--remote=punix:${join(this.folder, 'db.sock')}`];
    const options = ['--detach', '--no-chdir', '--pidfile', '-vconsole:off', '--log-file'];
    spawn(join(ourBin, 'ovsdb-server'), [...args, ...options], { env: this.env, stdio: 'ignore' });
  }

  /** As ovs-appctl would. */
  async ask(target: string, command: string): Promise<CommandAnswer> {
    const client = await UnixctlClient.connect(findControlSocket(target, this.folder));
    const [name = '', ...args] = splitWords(command.replaceAll('FOLDER', this.folder));
    await client.setFormat('json');
    const answer = await client.command(name, args);
    client.close();
    return answer;
  }
}

const page = readFileSync(new URL('../../docs/appctl-json.md', import.meta.url), 'utf8');
const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
const examples: readonly (readonly [string, string, Json | undefined])[] = headings
  .flatMap((heading) => {
    const targets =
      heading === 'Every daemon' ? ['ovs-vswitchd', 'ovsdb-server'] : [heading.split(':')[0] ?? ''];
    return targets.flatMap((target) =>
      examplesOf(page, heading).map(({ command, reply }) => [target, command, reply] as const),
    );
  })
  .sort(([, a], [, b]) => Number(a === 'exit') - Number(b === 'exit'));

describe.skipIf(whyNoReference() !== undefined)('ovs-appctl -f json', () => {
  const host = new OurHost('ours');

  beforeAll(async () => {
    host.createDatabase();
    host.startDatabase();
    await until(() => host.appctl('-t', 'ovsdb-server', 'version').status === 0, 'ovsdb-server to answer');
    host.vsctl('--no-wait', 'init');
    expect(await host.start()).toMatchObject({ status: 0 });
    const ports = [1, 2].flatMap((n) => [
      ...['--', 'add-port', 'br0', `p${n}`],
      ...['--', 'set', 'interface', `p${n}`, 'type=dummy', `ofport_request=${n}`],
    ]);
    const bonds = [0, 1].flatMap((n) => [
      ...[
        '--',
        'add-bond',
        'br1',
        `bond${n}`,
        `a${n}`,
        `b${n}`,
        n === 0 ? 'bond_mode=balance-slb' : 'lacp=active',
      ],
      ...['--', 'set', 'interface', `a${n}`, 'type=dummy', '--', 'set', 'interface', `b${n}`, 'type=dummy'],
    ]);
    host.vsctl(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', ...ports],
      ...['--', 'add-br', 'br1', '--', 'set', 'bridge', 'br1', 'datapath_type=dummy', ...bonds],
    );
    host.run('ovs-ofctl', 'add-flow', 'br0', 'in_port=2,actions=drop');
  });

  afterAll(() => host[Symbol.asyncDispose]());

  test.each(['ovs-vswitchd', 'ovsdb-server'])('of %s every command has an example', async (target) => {
    const said = host.run(join(ourBin, 'ovs-appctl'), '-t', target, '-f', 'json', 'list-commands');
    const listed: readonly { readonly name: string }[] = JSON.parse(said.stdout).reply;
    const shown = examples.filter(([of]) => of === target).map(([, command]) => command.split(' ')[0]);
    expect([...new Set(shown)].sort()).toEqual(listed.map(({ name }) => name).sort());
  });

  test.each(examples)('%s: %s', async (target, command, example) => {
    const answer = await host.ask(target, command);
    if (example === undefined) {
      expect(answer).toEqual({ error: expect.any(String) });
      return;
    }
    expect(answer).toEqual({ result: { reply: expect.toSatisfy(() => true), 'reply-format': 'json' } });
    const { reply } = ('result' in answer ? answer.result : {}) as { readonly reply: Json };
    if (!isLike(reply, example)) expect(reply).toEqual(example);
    if (Array.isArray(example) && example.length > 0) expect(reply).not.toEqual([]);
  });
});
