/**
 * Bridges driven by ovs-ofctl: each list of commands is given to the real daemon and to ours, by the same tools, and
 * both must say the same. The lists are in bridge-scripts/, a file for each subject: a name after "#", then commands, one a line.
 */
import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`bridge-scripts.test.ts: not run: ${reason}\n`);

const folder = new URL('bridge-scripts/', import.meta.url).pathname;

interface Script {
  readonly name: string;
  readonly lines: readonly string[];
}

function readScripts(file: string): Script[] {
  return readFileSync(join(folder, file), 'utf8')
    .split(/^# /m)
    .slice(1)
    .map((text) => {
      const [name = '', ...lines] = text.split('\n');
      return { name, lines: lines.filter((line) => line !== '') };
    });
}

/** Bridges br0 and br1 with dummy ports p1, p2, p3 of these numbers, and patch ports between them. */
const setup: readonly string[] = ['br0', 'br1'].flatMap((bridge, b) => [
  ...['--', 'add-br', bridge, '--', 'set', 'bridge', bridge, `other_config:hwaddr=aa:55:aa:55:00:0${b}`],
  ...['fail_mode=secure', 'protocols=OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15'],
  ...[1, 2, 3].flatMap((n) => {
    const name = b === 0 ? `p${n}` : `q${n}`;
    return [
      '--',
      'add-port',
      bridge,
      name,
      '--',
      'set',
      'interface',
      name,
      'type=dummy',
      `ofport_request=${n}`,
    ];
  }),
  ...['--', 'add-port', bridge, `patch${b}`, '--', 'set', 'interface', `patch${b}`, 'type=patch'],
  ...[`options:peer=patch${1 - b}`, 'ofport_request=9'],
]);

/** What each line said and how it ended, without what time makes of it. */
function perform(host: DummyHost, { lines }: Script): unknown[] {
  return lines.map((line) => {
    const [command = '', ...args] = splitWords(line.replaceAll('FOLDER', host.folder));
    switch (command) {
      case 'ofctl':
        return { line, ...comparable(host.said(host.run('ovs-ofctl', '--timeout=60', ...args))) };
      case 'appctl':
        return { line, ...comparable(host.appctl(...args), /^ofproto\/trace/.test(args[0] ?? '')) };
      case 'vsctl':
        return { line, ...comparable(host.vsctl(...args)) };
      case 'write':
        appendFileSync(join(host.folder, args[0] ?? ''), `${args.slice(1).join(' ')}\n`);
        return line;
      default:
        throw new Error(`no command ${command}`);
    }
  });
}

type Said = ReturnType<DummyHost['said']>;

/** Flows come in no particular order, the steps of a trace do. */
function comparable({ status, stdout, stderr }: Said, isOrdered = false): Said {
  const lines = withoutTimes(stdout).split('\n');
  return { status, stdout: (isOrdered ? lines : lines.sort()).join('\n'), stderr: withoutTimes(stderr) };
}

function withoutTimes(text: string): string {
  return text
    .replace(/\bduration([=:])\d+(?:\.\d{1,3})?s/g, 'duration$1N')
    .replace(/(?:idle|hard)_age=\d+, /g, '')
    .replace(/\bscore \d+/g, 'score N') // each has a hash of its own
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
    .replace(/\(xid=0x[0-9a-f]+\)/g, '(xid=0x0)')
    .replace(/\brecirc(_id=|\()(?:0x[\da-f]+|[1-9]\d*)/g, 'recirc$1N')
    .replace(/addr:[0-9a-f:]{17}/g, 'addr:MAC');
}

/** Back to what `setup` made. */
function clean(host: DummyHost): void {
  for (const bridge of ['br0', 'br1'])
    for (const all of ['del-flows', 'del-groups', 'del-meters'])
      host.run('ovs-ofctl', '-O', 'OpenFlow13', all, bridge);
  for (const file of readdirSync(host.folder)) if (/^f\d+$/.test(file)) rmSync(join(host.folder, file));
}

describe.runIf(reason === undefined)('beside the reference', () => {
  const ours = new DummyHost('ours');
  const reference = new DummyHost('reference');

  beforeAll(async () => {
    for (const host of [ours, reference]) {
      await host.prepare();
      const said = host.vsctl(...setup);
      if (said.status !== 0) throw new Error(said.stderr);
    }
  });

  afterAll(async () => {
    await ours[Symbol.asyncDispose]();
    await reference[Symbol.asyncDispose]();
  });

  describe.each(readdirSync(folder))('%s', (file) => {
    test.each(readScripts(file))('$name', (script) => {
      const theySay = perform(reference, script);
      const weSay = perform(ours, script);
      clean(reference);
      clean(ours);
      expect(weSay).toEqual(theySay);
    });
  });
});
