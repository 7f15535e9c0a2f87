/** The same configurations given to the reference and to us by the same ovs-vsctl leave the same database behind. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Script, scripts } from './parity-scripts.ts';
import { SwitchHost, until, untilAlike, whyNoReference } from './support/daemon-pair.ts';
import { readTables } from './support/database-view.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`parity.test.ts: not run: ${reason}\n`);

const devices = ['e1', 'e2', 'e3', 'e4'];

describe.runIf(reason === undefined)('beside the reference', () => {
  let ours: SwitchHost;
  let reference: SwitchHost;

  beforeAll(async () => {
    ours = new SwitchHost('ours');
    reference = new SwitchHost('reference');
    await Promise.all([ours.start(), reference.start()]);
  });

  afterAll(async () => {
    await Promise.all([ours[Symbol.asyncDispose](), reference[Symbol.asyncDispose]()]);
  });

  test.each(scripts)('$name', async (script) => {
    const theySaid = perform(reference, script);
    const weSaid = perform(ours, script);
    const compare = () =>
      differences({ said: weSaid, ...readTables(ours) }, { said: theySaid, ...readTables(reference) });
    let found: string[] = [];
    const isAlike = (): boolean => {
      found = compare();
      return found.length === 0;
    };
    // Both write some of a port's status after the tool was told that all is applied.
    await until(isAlike, 'both to show the same').catch(() => {}); // what differs is said below
    clean(ours);
    clean(reference);
    expect(found, found.join('\n')).toEqual([]);
  });

  test('both have said the same about devices and their options', async () => {
    await untilAlike(saidOf, ours, reference);
    expect(saidOf(reference)).toContain(
      'netdev|WARN|e1: arguments provided to device that is not configurable',
    );
  });
});

/** What the log has from the modules about devices, each line once: the reference repeats them with every change. */
function saidOf(host: SwitchHost): string[] {
  const lines = host
    .settledLog()
    .split('\n')
    .map((line) => line.split('|').slice(2).join('|'));
  return [...new Set(lines.filter((line) => /^netdev(_vport)?\|/.test(line)))].sort();
}

/** What each line of the script said. */
function perform(host: SwitchHost, script: Script): unknown[] {
  for (const name of devices) {
    host.host.run('ip', 'link', 'add', name, 'up', 'type', 'veth', 'peer', 'name', `${name}-peer`);
    host.host.run('ip', 'link', 'set', `${name}-peer`, 'up');
  }
  return script.lines.map((line) => runLine(host, line));
}

/** "Interface.0.mtu: ours 1500, theirs 1400", one line for each value that differs. */
function differences(ours: unknown, theirs: unknown, path = ''): string[] {
  if (isDeepStrictEqual(ours, theirs)) return [];
  if (!isObject(ours) || !isObject(theirs))
    return [`${path}: ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}`];
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...keys].flatMap((key) =>
    differences(ours[key], theirs[key], path === '' ? key : `${path}.${key}`),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** What the line said and how it ended. */
function runLine(host: SwitchHost, line: string): unknown {
  if (line.startsWith('ip ')) {
    host.host.run('ip', ...line.slice(3).split(' '));
    return '';
  }
  const done = host.vsctl(...line.split(' '));
  const text = `${done.stdout}${done.stderr}`.replaceAll(host.folder, 'FOLDER');
  return { line, status: done.status, text: text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID') };
}

function clean(host: SwitchHost): void {
  host.configure('--', 'clear', 'open', '.', 'bridges', '--', 'clear', 'open', '.', 'other_config');
  for (const name of host.host.run('ls', '/sys/class/net').split(/\s+/)) {
    if (!['', 'lo', 'ovs-netdev', 'ovs-system'].includes(name)) host.host.try('ip', 'link', 'del', name);
  }
}
