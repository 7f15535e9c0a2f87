/** Both daemons give the ports of a bridge the same OpenFlow numbers, however ports come, go and ask for numbers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { Said } from './support/batch.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`port-numbers.test.ts: not run: ${reason}\n`);

const names = ['a', 'b', 'c', 'd', 'e', 'eth0', 'p1', 'p2'];
const requests = [1, 2, 3, 4, 5, 6, 7, 20, 300, 32767, 32768, 65279];
const sequenceCount = 32;
const changesPerSequence = 8;
const random = seededRandom(7);

const below = (count: number): number => random.u32() % count;
function oneOf<T>(list: readonly T[]): T {
  const one = list[below(list.length)];
  if (one === undefined) throw new Error('nothing to choose from');
  return one;
}

/** Rows get their uuids from here, since the order of ports follows from them. */
function newUuid(): string {
  const hex = Array.from({ length: 32 }, () => below(16).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

type Command = readonly string[];

function rowsOf(name: string, columns: readonly string[]): { port: string; commands: Command[] } {
  const [i, port] = [newUuid(), newUuid()];
  return {
    port,
    commands: [
      [`--id=${i}`, 'create', 'interface', `name=${name}`, ...columns],
      [`--id=${port}`, 'create', 'port', `name=${name}`, `interfaces=${i}`],
    ],
  };
}

function addPort(name: string, request?: number): Command[] {
  const columns = ['type=dummy', ...(request === undefined ? [] : [`ofport_request=${request}`])];
  const { port, commands } = rowsOf(name, columns);
  return [...commands, ['add', 'bridge', 'br0', 'ports', port]];
}

function addBridge(): Command[] {
  const { port, commands } = rowsOf('br0', ['type=internal']);
  const bridge = ['--id=@b', 'create', 'bridge', 'name=br0', 'datapath_type=dummy', `ports=${port}`];
  return [...commands, bridge, ['add', 'open', '.', 'bridges', '@b']];
}

/** One transaction; `there` follows. */
function nextChange(there: Set<string>): Command[] {
  const absent = names.filter((name) => !there.has(name));
  const take = (name: string): string => {
    there.add(name);
    return name;
  };
  const add = (request?: number): Command[] => addPort(take(oneOf(absent)), request);
  const remove = (name: string): Command => {
    there.delete(name);
    return ['del-port', name];
  };
  const request = oneOf(requests);
  if (there.size === 0) return add();
  const one = oneOf([...there]);
  const changes: readonly (() => Command[])[] = [
    () => (absent.length === 0 ? [remove(one)] : add()),
    () => (absent.length === 0 ? [remove(one)] : add(request)),
    () => [remove(one)],
    () => [['del-port', one], ...addPort(one)],
    () => [['del-port', one], ...addPort(one, request)],
    () => (absent.length === 0 ? [remove(one)] : [remove(one), ...add()]),
    () => [['set', 'interface', one, `ofport_request=${request}`]],
    () => [['clear', 'interface', one, 'ofport_request']],
    () => [['set', 'interface', one, `type=${oneOf(['system', 'internal', 'dummy'])}`]],
    () =>
      absent.length === 0
        ? [remove(one)]
        : addAll(
            absent.map((name) => take(name)),
            request,
          ),
  ];
  return oneOf(changes)();
}

function addAll(absent: readonly string[], request: number): Command[] {
  return absent.flatMap((name) => addPort(name, below(4) === 0 ? request : undefined));
}

describe.runIf(reason === undefined)('the numbers of ports', () => {
  const hosts = { ours: new DummyHost('ours'), reference: new DummyHost('reference') };
  const both = Object.values(hosts);
  const vsctl = ['ovs-vsctl', '--timeout=60'];
  const transaction = (commands: readonly Command[]): Command => [
    ...vsctl,
    ...commands.flatMap((command) => ['--', ...command]),
  ];
  const list = [...vsctl, '--format=csv', '--columns=name,ofport', 'list', 'interface'];

  const numbers = (said: Said | undefined) => said?.stdout.split('\n').sort().join(' ');

  beforeAll(async () => {
    for (const host of both) await host.prepare();
  });

  afterAll(async () => {
    for (const host of both) await host[Symbol.asyncDispose]();
  });

  test.each(Array.from({ length: sequenceCount }, (_, n) => n + 1))(
    'are those of the reference over a random sequence of changes (%i)',
    async (sequence) => {
      const there = new Set<string>();
      const history: string[] = [];
      const lines: Command[] = [transaction(addBridge())];
      for (let n = 0; n < changesPerSequence; n++) {
        const change = nextChange(there);
        history.push(change.map((command) => command.join(' ')).join(' -- '));
        // Who asks for a number that another has without asking may get it only with the next change.
        const mark = ['set', 'bridge', 'br0', `other_config:change=${sequence}.${n}`];
        const again = ['set', 'bridge', 'br0', `other_config:change=${sequence}.${n}.again`];
        lines.push(transaction(change), transaction([mark]), transaction([again]), list);
      }
      lines.push(transaction([['del-br', 'br0']]));
      const [mine, theirs] = await Promise.all(both.map((host) => host.runAll(lines)));
      for (const [n, line] of lines.entries()) {
        const what = `${line.join(' ')} after ${history.join('\n')}`;
        for (const said of [mine?.[n], theirs?.[n]])
          expect(said, what).toMatchObject({ status: 0, stderr: '' });
        if (line === list) expect(numbers(mine?.[n]), what).toBe(numbers(theirs?.[n]));
      }
    },
  );
});
