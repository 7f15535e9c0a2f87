/**
 * Bridges driven by ovs-ofctl: each list of commands is given to the real daemon and to ours, by the same tools, and
 * both must say the same. The lists are in bridge-scripts/, a file for each subject: a name after "#", then commands, one a
 * line. A list that says VERSION is one for each version of OpenFlow.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
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
    .flatMap((text) => {
      const [name = '', ...lines] = text.split('\n');
      return inVersions({ name, lines: lines.filter((line) => line !== '') });
    });
}

const versions = [10, 11, 12, 13, 14, 15].map((version) => `OpenFlow${version}`);

function inVersions({ name, lines }: Script): Script[] {
  if (!lines.some((line) => line.includes('VERSION'))) return [{ name, lines }];
  return versions.map((version) => ({
    name: `${name} (${version})`,
    lines: lines.map((line) => line.replaceAll('VERSION', version)),
  }));
}

const addPort = (bridge: string, name: string, number: number, ...more: string[]): string[] => [
  ...['ovs-vsctl', 'add-port', bridge, name],
  ...['--', 'set', 'interface', name, `ofport_request=${number}`, ...more],
];

/**
 * Bridges br0 and br1 with dummy ports p1, p2, p3 of these numbers, and patch ports between them. One by one: what comes
 * together has numbers in the datapath by chance.
 */
const setup: readonly (readonly string[])[] = ['br0', 'br1'].flatMap((bridge, b) => [
  [
    ...['ovs-vsctl', 'add-br', bridge, '--', 'set', 'bridge', bridge, 'fail_mode=secure'],
    `other_config:hwaddr=aa:55:aa:55:00:0${b}`,
    `protocols=${versions.join()}`,
  ],
  ...[1, 2, 3].map((n) => addPort(bridge, b === 0 ? `p${n}` : `q${n}`, n, 'type=dummy')),
  addPort(bridge, `patch${b}`, 9, 'type=patch', `options:peer=patch${1 - b}`),
]);

const programs: Readonly<Record<string, readonly string[]>> = {
  ofctl: ['ovs-ofctl', '--timeout=60'],
  appctl: ['ovs-appctl', '--timeout=60'],
  vsctl: ['ovs-vsctl', '--timeout=60'],
};

/** What runs for a line. */
function commandOf(host: DummyHost, line: string): readonly string[] {
  const [name = '', ...args] = splitWords(line.replaceAll('FOLDER', host.folder));
  if (name === 'write')
    return [
      'sh',
      '-c',
      `printf '%s\\n' "$2" >>"$1"`,
      'write',
      join(host.folder, args[0] ?? ''),
      args.slice(1).join(' '),
    ];
  // What the daemon wrote into its log: the lines that match, or as many as a second address of sed(1) says.
  if (name === 'logged') {
    const [pattern = '', until = ''] = args.join(' ').split('/');
    return ['sed', '-n', `/${pattern}/${until}p`, join(host.folder, 'ovs-vswitchd.log')];
  }
  const program = programs[name];
  if (program === undefined) throw new Error(`no command ${name}`);
  return [...program, ...args];
}

/** What each line said and how it ended, without what time makes of it. */
async function perform(host: DummyHost, { lines }: Script): Promise<unknown[]> {
  const commands = lines.map((line) => commandOf(host, line));
  const all = await host.runAll([...commands, ...cleaning(lines.join('\n'))]);
  for (const file of readdirSync(host.folder)) if (/^f\d+$/.test(file)) rmSync(join(host.folder, file));
  return lines.map((line, n) => {
    const said = all[n] ?? expect.unreachable();
    const told = comparable(said, /^appctl ofproto\/trace/.test(line));
    // How often flows were looked at meanwhile is a matter of time.
    const isLog = line.startsWith('logged ');
    return { line, ...told, ...(isLog && { stdout: [...new Set(told.stdout.split('\n'))] }) };
  });
}

/** Back to what `setup` made. */
function cleaning(script: string): (readonly string[])[] {
  const kinds = ['flows', 'groups', 'meters'].filter(
    (kind) => kind === 'flows' || script.includes(kind.slice(0, -1)),
  );
  const bridges = ['br0', 'br1'].filter((bridge) => bridge === 'br0' || script.includes(bridge));
  return bridges.flatMap((bridge) =>
    kinds.map((kind) => ['ovs-ofctl', '-O', 'OpenFlow13', `del-${kind}`, bridge]),
  );
}

/** Flows come in no particular order, the steps of a trace do. */
function comparable({ status, stdout, stderr }: Said, isOrdered = false): Said {
  const lines = withoutTimes(stdout).split('\n');
  return { status, stdout: (isOrdered ? lines : lines.sort()).join('\n'), stderr: withoutTimes(stderr) };
}

function withoutTimes(text: string): string {
  return (
    text
      .replace(/\bduration([=:])(?:N|\d+(?:\.\d{1,3})?)s/g, 'duration$1N')
      .replace(/(?:idle|hard)_age=\d+, /g, '')
      .replace(/^(\w+)\(revalidator\d+\)\|/gm, '$1|') // a thread of its own there
      .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
      .replace(/\(xid=0x[0-9a-f]+\)/g, '(xid=0x0)')
      .replace(/\brecirc(_id=|_id\(|\()(?:0x[\da-f]+|[1-9]\d*)/g, 'recirc$1N')
      .replace(/\bdp_hash\(0x[\da-f]+\/0xf+\)/g, 'dp_hash(N)')
      .replace(/\bused:[\d.]+s/g, 'used:N')
      .replace(/\bmeter\(\d+\)/g, 'meter(N)') // the real daemon gives numbers out again when it gets round to it
      // Which of several members it is depends there on where they are in memory.
      .replace(/active member mac: [0-9a-f:]{17}\((?!none)\w+\)/g, 'active member mac: MAC(member)')
      .replace(/Recirc-ID : \d+/g, 'Recirc-ID : N')
      .replace(/(bond-id:? |lb_output\()\d+/g, '$1N')
      .replace(/next rebalance: -?\d+ ms/g, 'next rebalance: N ms')
      .replace(/addr:[0-9a-f:]{17}/g, 'addr:MAC')
  );
}

describe.runIf(reason === undefined)('beside the reference', () => {
  describe.each(readdirSync(folder))('%s', (file) => {
    const ours = new DummyHost('ours');
    const reference = new DummyHost('reference');

    beforeAll(async () => {
      await Promise.all(
        [ours, reference].map(async (host) => {
          await host.prepare();
          const failed = (await host.runAll(setup)).find(({ status }) => status !== 0);
          if (failed !== undefined) throw new Error(failed.stderr);
        }),
      );
    });

    afterAll(async () => {
      await Promise.all([ours, reference].map((host) => host[Symbol.asyncDispose]()));
    });

    test.each(readScripts(file))('$name', async (script) => {
      const [weSay, theySay] = await Promise.all([perform(ours, script), perform(reference, script)]);
      expect(weSay).toEqual(theySay);
    });
  });
});
