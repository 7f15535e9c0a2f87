/** `ovs-vsctl -f json`: docs/vsctl-json.md has an example of every command, and its shape is what ovs-vsctl prints. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { examplesOf, isLike } from './support/json-examples.ts';
import { splitWords } from './support/words.ts';

const program = `${process.cwd()}/bin/ovs-vsctl`;
const examples = examplesOf(readFileSync(new URL('../../docs/vsctl-json.md', import.meta.url), 'utf8'));

test('a value is like an example or not', () => {
  expect(isLike({ a: 1, b: [{ c: 'x' }] }, { a: 7, b: [{ c: '' }, null] })).toBe(true);
  expect(isLike({ a: 1 }, { a: 7, b: 1 })).toBe(false);
  expect(isLike({ a: 1, b: 1 }, { a: 7 })).toBe(false);
  expect(isLike({ x: 1, y: 2 }, { a: 7, '...': 0 })).toBe(true);
  expect(isLike({ x: 'text' }, { a: 7, '...': 0 })).toBe(false);
  expect(isLike([1, 'x'], [1])).toBe(false);
  expect(isLike(null, {})).toBe(false);
});

describe.skipIf(whyNoReference() !== undefined)('ovs-vsctl -f json', () => {
  const host = new DummyHost('reference');
  let lines: string[];

  beforeAll(() => {
    host.createDatabase();
    host.startDatabase();
    const line = examples.flatMap(({ command }) => ['--', ...splitWords(command)]);
    const said = host.run(program, '--no-wait', '-f', 'json', ...line);
    expect(said.status).toBe(0);
    lines = said.stdout.trimEnd().split('\n');
  });

  afterAll(() => host[Symbol.asyncDispose]());

  test('every command has an example', () => {
    const known = [...host.run(program, '--commands').stdout.matchAll(/^[^,]*,([^,]*),/gm)];
    const names = new Set(known.map(([, name = '']) => name));
    const shown = examples.map(({ command }) => splitWords(command).find((word) => names.has(word)));
    expect(new Set(shown)).toEqual(names);
  });

  test('each prints one line', () => {
    expect(lines).toHaveLength(examples.length);
  });

  test.each(examples.map(({ command, reply }, n) => [n, command, reply] as const))(
    '%i: %s',
    (n, _command, example = null) => {
      const printed = JSON.parse(lines[n] ?? '');
      if (!isLike(printed, example)) expect(printed).toEqual(example);
    },
  );

  test('with --oneline only tables are JSON', () => {
    const line = splitWords('-- add-br br9 -- br-to-vlan br9 -- --columns=name list Bridge br9');
    const said = host.run(program, '--no-wait', '-f', 'json', '--oneline', ...line);
    expect(said.stdout).toBe('\n0\n{"data":[["br9"]],"headings":["name"]}\n');
  });
});
