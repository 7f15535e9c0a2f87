/**
 * Lists of commands that are given to the real daemon and to ours, by the same tools, and both must say the same. They
 * are in files of a folder, one for each subject: a name after "#", then commands, one a line. What stands before the
 * first "#" are texts that lines name in braces: "NAME TEXT". A list that says VERSION is one for each version of
 * OpenFlow.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './batch.ts';
import { DummyHost } from './dummy-host.ts';
import { loggedLines } from './settled-log.ts';
import { toolCommand } from './tool-lines.ts';
import { splitWords } from './words.ts';

interface Script {
  readonly name: string;
  readonly lines: readonly string[];
}

/** Commands as words. */
type Commands = readonly (readonly string[])[];

/** Where scripts run. */
export interface Ground {
  /** A path that ends with "/". */
  readonly folder: string;
  readonly setup: Commands;
  /** Lines that lead back to what `setup` made, after a script that said `text`. */
  cleaning(text: string): readonly string[];
  /** The clock stands still, so that times are compared, too. */
  readonly isTimed: boolean;
  /** Options of the daemons, where not all of their devices are dummies. */
  readonly dummies?: readonly string[];
}

/** Gives each script to both. */
export function describeScripts(ground: Ground): void {
  describe.each(readdirSync(ground.folder))('%s', (file) => {
    const ours = new DummyHost('ours', ground.dummies);
    const reference = new DummyHost('reference', ground.dummies);

    beforeAll(async () => {
      await Promise.all(
        [ours, reference].map(async (host) => {
          await host.prepare();
          const setup = ground.setup.map((words) =>
            words.map((word) => word.replaceAll('FOLDER', host.folder)),
          );
          const failed = (await host.runAll(setup)).find(({ status }) => status !== 0);
          if (failed !== undefined) throw new Error(failed.stderr);
        }),
      );
    });

    afterAll(async () => {
      await Promise.all([ours, reference].map((host) => host[Symbol.asyncDispose]()));
    });

    test.each(readScripts(join(ground.folder, file)))('$name', async (script) => {
      const [weSay, theySay] = await Promise.all([
        perform(ours, script, ground),
        perform(reference, script, ground),
      ]);
      expect(weSay).toEqual(theySay);
    });
  });
}

function readScripts(path: string): Script[] {
  const [head = '', ...texts] = readFileSync(path, 'utf8').split(/^# /m);
  const named = new Map([...head.matchAll(/^(\w+) (.*)$/gm)].map(([, name = '', text = '']) => [name, text]));
  return texts.flatMap((text) => {
    const [name = '', ...lines] = text.split('\n').filter((line) => line !== '');
    const full = lines.map((line) => line.replace(/\{(\w+)\}/g, (whole, word) => named.get(word) ?? whole));
    return inVersions({ name, lines: full });
  });
}

export const versions = [10, 11, 12, 13, 14, 15].map((version) => `OpenFlow${version}`);

function inVersions({ name, lines }: Script): Script[] {
  if (!lines.some((line) => line.includes('VERSION'))) return [{ name, lines }];
  return versions.map((version) => ({
    name: `${name} (${version})`,
    lines: lines.map((line) => line.replaceAll('VERSION', version)),
  }));
}

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
    const [pattern = '', until] = args.join(' ').split('/');
    return loggedLines(host.logFile, pattern, until);
  }
  if (name === 'capture') return ['od', '-An', '-v', '-tx1', '-w10000000', join(host.folder, args[0] ?? '')];
  const command = toolCommand(host.which, name, args);
  if (command === undefined) throw new Error(`no command ${name}`);
  return command;
}

/** What each line said and how it ended, without what time makes of it. */
async function perform(host: DummyHost, { lines }: Script, ground: Ground): Promise<unknown[]> {
  const allLines = [...lines, ...ground.cleaning(lines.join('\n'))];
  const all = await host.runAll(allLines.map((line) => commandOf(host, line)));
  for (const file of readdirSync(host.folder)) if (/^f\d+$/.test(file)) rmSync(join(host.folder, file));
  return lines.map((line, n) => {
    const said = all[n] ?? expect.unreachable();
    if (line.startsWith('capture '))
      return { line, status: said.status, packets: packetsOf(said.stdout, line) };
    const told = comparable(said, /^appctl ofproto\/trace/.test(line), ground.isTimed);
    // How often flows were looked at meanwhile is a matter of time.
    const isLog = line.startsWith('logged ');
    return { line, ...told, ...(isLog && { stdout: [...new Set(told.stdout.split('\n'))] }) };
  });
}

/** Flows come in no particular order, the steps of a trace do. */
function comparable({ status, stdout, stderr }: Said, isOrdered: boolean, isTimed: boolean): Said {
  const plain = (text: string): string => withoutChance(isTimed ? text : withoutTimes(text));
  const lines = plain(stdout).split('\n');
  return { status, stdout: (isOrdered ? lines : lines.sort()).join('\n'), stderr: plain(stderr) };
}

function withoutTimes(text: string): string {
  return text
    .replace(/\bduration([=:])(?:N|\d+(?:\.\d{1,3})?)s/g, 'duration$1N')
    .replace(/(?:idle|hard)_age=\d+, /g, '')
    .replace(/\bused:[\d.]+s/g, 'used:N');
}

/** Without numbers that either daemon draws by itself. */
export function withoutChance(text: string): string {
  return (
    text
      .replace(/^(\w+)\((?:revalidator|monitor|handler)\d+\)\|/gm, '$1|') // a thread of its own there
      .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
      .replace(/\(xid=0x[0-9a-f]+\)/g, '(xid=0x0)')
      .replace(/\brecirc(_id=|_id\(|\()(?:0x[\da-f]+|[1-9]\d*)/g, 'recirc$1N')
      .replace(/\bdp_hash\(0x[\da-f]+\/0xf+\)/g, 'dp_hash(N)')
      .replace(/\bmeter\(\d+\)/g, 'meter(N)') // the real daemon gives numbers out again when it gets round to it
      // Which of several members it is depends there on where they are in memory.
      .replace(/active member mac: [0-9a-f:]{17}\((?!none)\w+\)/g, 'active member mac: MAC(member)')
      .replace(/Recirc-ID : \d+/g, 'Recirc-ID : N')
      .replace(/(bond-id:? |lb_output\()\d+/g, '$1N')
      .replace(/next rebalance: -?\d+ ms/g, 'next rebalance: N ms')
      .replace(/addr:[0-9a-f:]{17}/g, 'addr:MAC')
      // Sessions of BFD have numbers and times by chance; its thread there is late by chance, too.
      .replace(/(Discriminator: )0x(?!0$)[\da-f]+|(Time: now )[+-]\d+/gm, '$1$2N')
      .replace(/(next CCM tx: |next fault check: )\d+/g, '$1N')
      .replace(/recv since check: \w+/g, 'recv since check: WHETHER')
      .replace(/average health: [1-9]\d+/g, 'average health: SOME')
  );
}

/**
 * The last packets of a capture, "capture FILE COUNT", in hexadecimal digits: all that a pcap file says of them but
 * when.
 */
function packetsOf(digits: string, line: string): string[] {
  const bytes = Buffer.from(digits.replace(/\s/g, ''), 'hex');
  const packets: string[] = [];
  const [header, record] = [24, 16];
  for (let at = header; at + record <= bytes.length; ) {
    const end = at + record + bytes.readUInt32LE(at + 8);
    packets.push(bytes.subarray(at + 8, end).toString('hex'));
    at = end;
  }
  const count = Number(splitWords(line)[2] ?? packets.length);
  return [bytes.subarray(0, header).toString('hex'), ...packets.slice(packets.length - count)];
}
