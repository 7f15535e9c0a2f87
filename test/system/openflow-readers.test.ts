/**
 * Other implementations read what we write: os-ken and Wireshark, of any value of every message in each of its forms; and
 * we read what os-ken makes. Where they are wrong, or hold to a standard that the reference leaves, is said by name.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, type Message, messageBytes, OpenFlowError } from '../../src/openflow/index.ts';
import { inVersion, messageNames, messageOf } from '../../src/openflow/message-fixture.ts';
import { formsToSend } from '../../src/openflow/message-table.ts';
import { allVersions, versionText, type WireVersion } from '../../src/openflow/versions.ts';

/** "1.3 OFPT_FLOW_MOD" with its bytes. */
interface Sample {
  readonly what: string;
  readonly version: WireVersion;
  readonly bytes: Uint8Array;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));

/** What stands inside of other messages is looked at too: an Ethernet frame of a type for experiments, and a hello. */
const frame = bytesOf(`02000000000102000000000288b5${'00'.repeat(46)}`);
const hello = bytesOf('0100000800000001');

function withGoodPacket(message: Message): Message {
  switch (message.name) {
    case 'PACKET_IN':
    case 'RESUME':
      return { ...message, value: { ...message.value, packet: frame, totalSize: frame.length } };
    case 'PACKET_OUT':
      return {
        ...message,
        value: {
          ...message.value,
          packet: message.value.bufferId === undefined ? frame : frame.subarray(0, 0),
        },
      };
    case 'ERROR':
      return { ...message, value: { ...message.value, data: hello } };
    default:
      return message;
  }
}

/** Some of each form, always the same; more by e.g. READ_SAMPLES=100. */
const sampleCount = Number(process.env.READ_SAMPLES ?? 6);
const xid = 5;
const samples = allVersions.flatMap((version) =>
  messageNames.flatMap((name) =>
    formsToSend(version, name).flatMap(({ printed: form }) =>
      fc.sample(messageOf(name), { numRuns: sampleCount, seed: 7 }).map((message): Sample => {
        const bytes = messageBytes(
          { ...inVersion(withGoodPacket(message), version, xid), form },
          version,
          xid,
        );
        return { what: `${versionText(version)} ${form}`, version, bytes };
      }),
    ),
  ),
);

/** Which samples they do not read, the words they have for it, and why that is right of us. */
type Excuses = readonly (readonly [what: RegExp, words: RegExp, why: string])[];

/** What no excuse covers; every excuse has to cover something. */
function unexcused(
  failures: readonly (readonly [what: string, words: string])[],
  excuses: Excuses,
): string[] {
  const covers = ([of, said]: Excuses[number], [what, words]: (typeof failures)[number]): boolean =>
    of.test(what) && said.test(words);
  const idle = excuses.filter((excuse) => !failures.some((failure) => covers(excuse, failure)));
  return [
    ...failures
      .filter((failure) => !excuses.some((excuse) => covers(excuse, failure)))
      .map((one) => one.join(': ')),
    ...idle.map(([what, , why]) => `not needed: ${what}, ${why}`),
  ];
}

const osKenExcuses: Excuses = [
  [/^1\.0 NXST_FLOW reply/, /No active exception/, 'it lacks the ARP fields of NXM'],
  [/^1\.0 OFPT_QUEUE_GET_CONFIG_REPLY/, /KeyError: 2/, 'the reference tells the greatest rate in 1.0, too'],
  [
    /^1\.[45] OFPST_PORT reply/,
    /unpack_from/,
    'it reads beyond an experimenter property that is not of whole words',
  ],
  [/^1\.[45] OFPST_FLOW_MONITOR reply/, /AssertionError/, 'it takes all updates for those of one kind'],
  [
    /^1\.5 OFPT_GROUP_MOD/,
    /unpack_from|endless/,
    'it reads beyond an experimenter property, and does not end',
  ],
  [/^1\.5 OFPST_GROUP_DESC reply/, /unpack_from|endless/, 'the same'],
  [/^1\.5 OFPST_METER_FEATURES reply/, /unpack_from/, 'the reference has the form of 1.3, without features'],
];
const tsharkExcuses: Excuses = [
  [/^1\.0 OFPT_(FLOW_MOD|PACKET_OUT)/, /./, 'it wants an action where there need be none'],
  [
    /^1\.[345] (NXST_IPFIX|ONFST_FLOW_MONITOR)/,
    /Experimenter/,
    'it reads beyond multiparts of experimenters',
  ],
  [/^1\.[45] OFPST_FLOW(_MONITOR request| reply)/, / .{32}$/, 'it wants one where there need be none'],
  [
    /^1\.[45] OFPST_(PORT|QUEUE|QUEUE_DESC) reply/,
    /./,
    'it reads the head of each of several again as properties',
  ],
  [/^1\.5 OFP/, / .*8000[0-9a-f]{4}/, 'it fails at any field of the class OPENFLOW_BASIC'],
];

interface OsKenRow {
  readonly class?: string;
  readonly made?: string;
  readonly unknown?: string;
  readonly refused?: string;
  readonly read?: string;
  readonly written?: string;
}

const needs: readonly (readonly [name: string, ...probe: string[]])[] = [
  ['python3-os-ken', '/usr/bin/python3', '-c', 'import os_ken'],
  ['tshark', 'tshark', '--version'],
];
const missing = needs
  .filter(([, program = '', ...args]) => spawnSync(program, args).status !== 0)
  .map(([name]) => name);
if (missing.length > 0)
  process.stderr.write(`openflow-readers.test.ts: not run: install ${missing.join(' ')}\n`);

const osKen = (() => {
  if (missing.length > 0) return [];
  const input = samples.map(({ bytes }) => `${hex(bytes)}\n`).join('');
  const options = { input, encoding: 'utf8', maxBuffer: 2 ** 30 } as const;
  const { stdout } = spawnSync('/usr/bin/python3', ['test/fixtures/os-ken.py'], options);
  const rows = stdout.split('\n').filter((line) => line !== '');
  return rows.map((line): OsKenRow => JSON.parse(line));
})();
const made = osKen.filter((row) => row.made !== undefined);
const answers = osKen.slice(made.length);

test.runIf(missing.length === 0)('os-ken reads every message that it knows', () => {
  expect(answers.length).toBe(samples.length);
  const failures = samples.flatMap(({ what }, n) => {
    const { refused } = answers[n] ?? {};
    return refused === undefined ? [] : [[what, refused] as const];
  });
  expect(unexcused(failures, osKenExcuses)).toEqual([]);
  expect(answers.filter(({ read }) => read !== undefined).length).toBeGreaterThan(samples.length / 3);
});

test.runIf(missing.length === 0)(
  'os-ken writes what it has read of messages to switches to the same bytes',
  () => {
    const written = samples.flatMap(({ what, bytes }, n) => {
      const again = answers[n]?.written;
      // Of what it only receives it writes no more than a head.
      return again === undefined || !/OFPT_(FLOW|GROUP|METER)_MOD|NXT_/.test(what)
        ? []
        : [[what, hex(bytes), again] as const];
    });
    expect(written.filter(([, bytes, again]) => bytes !== again)).toEqual([]);
    expect(new Set(written.map(([what]) => what)).size).toBeGreaterThan(60);
  },
);

/** Of OpenFlow 1.5, which the reference has not all of. */
const notInReference = /BundleFeatures|ControllerStatus|^OFPFlowStatsRequest$/;

test.runIf(missing.length === 0)('what os-ken makes is read', () => {
  // It makes no bodies of replies.
  const whole = made.filter(({ made: digits = '' }) => digits.length > 16);
  const failures = whole.flatMap(({ class: name = '', made: digits = '' }) => {
    try {
      decodeMessage(bytesOf(digits));
      return [];
    } catch (why) {
      if (!(why instanceof OpenFlowError)) throw why;
      const isNew =
        digits.startsWith('06') && notInReference.test(name) && why.errorName === 'OFPBRC_BAD_STAT';
      return isNew ? [] : [`${digits.slice(0, 2)} ${name}: ${why.message}`];
    }
  });
  // One without any content, and classes that other requests are made of.
  expect(
    failures.filter((one) => !/ (NXTPacketIn2|NXStatsRequest|OFPFlowMonitorRequest): /.test(one)),
  ).toEqual([]);
  expect(whole.length).toBeGreaterThan(100);
});

const ethernet = '0200000000020200000000010800';

/** One TCP segment a message, each of a connection of its own. */
function frameOf({ bytes }: Sample, n: number): Uint8Array {
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(10_000 + n, 0);
  tcp.writeUInt16BE(6653, 2);
  tcp.writeUInt32BE(1, 4);
  tcp[12] = 0x50;
  tcp[13] = 0x18;
  tcp.writeUInt16BE(0xffff, 14);
  const ip = Buffer.from('4500000000000000400600000a0000010a000002', 'hex');
  ip.writeUInt16BE(40 + bytes.length, 2);
  return Buffer.concat([Buffer.from(ethernet, 'hex'), ip, tcp, bytes]);
}

function pcapOf(frames: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(24);
  for (const [n, word] of [0xa1b2c3d4, 0x00040002, 0, 0, 0xffff, 1].entries())
    head.writeUInt32LE(word, 4 * n);
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([head, ...records]);
}

test.runIf(missing.length === 0)('Wireshark dissects every message that it knows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ovs-ts-tshark-'));
  try {
    const file = join(folder, 'messages.pcap');
    writeFileSync(file, pcapOf(samples.map(frameOf)));
    const fields = ['frame.number', '_ws.malformed', '_ws.expert.message', 'openflow.version'];
    const args = ['-n', '-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    const { stdout } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 2 ** 30 });
    const rows = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
    expect(rows.length).toBe(samples.length);
    const failures = samples.flatMap(({ what, bytes }, n) => {
      const [, malformed = '', expert = ''] = rows[n] ?? [];
      return malformed === '' ? [] : [[what, `${expert} ${hex(bytes)}`] as const];
    });
    expect(unexcused(failures, tsharkExcuses)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
