/**
 * A running bridge gets messages of every kind in random order, a third of them damaged, and answers as the reference's
 * does to the same stream, in the state that all those before have left: bridge-messages.test.ts compares each by itself.
 * RANDOM_MESSAGES tells how many, and RANDOM_SEED which, for longer runs.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { messageBytes, type Sent } from '../../src/openflow/codec.ts';
import { damaged } from '../../src/openflow/message-fixture/damage.ts';
import { inVersion, messageNames, messageOf } from '../../src/openflow/message-fixture.ts';
import { formsToSend } from '../../src/openflow/message-table.ts';
import type { Message } from '../../src/openflow/messages/index.ts';
import { formatMessage } from '../../src/openflow/text/messages.ts';
import { allVersions, versionName, type WireVersion } from '../../src/openflow/versions.ts';
import { BridgeConversation, xidOf } from './support/bridge-conversation.ts';
import { isRunning, until, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`random-messages.test.ts: not run: ${reason}\n`);

const perVersion = Math.ceil(Number(process.env.RANDOM_MESSAGES ?? 18_000) / allVersions.length);
/** Messages of one conversation; the flows, groups and meters that they leave behind are taken away then. */
const perRound = 60;
const seed = Number(process.env.RANDOM_SEED ?? 1);

/** With the length that it has: whatever else is read as what comes after it. */
function wholeDamaged(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const wrong = damaged(bytes, other, random);
  new DataView(wrong.buffer).setUint16(2, wrong.length);
  return wrong;
}

/** Of these a bridge says what differs by chance, or they end what is compared; of CT_FLUSH the reference may die. */
const leftOut = /^(HELLO|ECHO_REPLY|BARRIER_REPLY|BARRIER_REQUEST|EXPERIMENTER_ERROR|CT_FLUSH)$|_REPLY$/;
const names = messageNames.filter((name) => !leftOut.test(name));

function streamOf(version: WireVersion, count: number): Uint8Array[] {
  const random = seededRandom(seed * 100 + version);
  const forms = names.flatMap((name) => formsToSend(version, name).map(({ printed }) => ({ name, printed })));
  const values = new Map<string, Message[]>();
  const next = (name: Message['name']): Message => {
    let left = values.get(name);
    if (left === undefined || left.length === 0) {
      left = fc.sample(messageOf(name), { seed: random.u32() & 0x7fffffff, numRuns: 40 });
      values.set(name, left);
    }
    return left.pop() ?? expect.unreachable();
  };
  const stream: Uint8Array[] = [];
  while (stream.length < count) {
    const form = forms[random.u32() % forms.length] ?? expect.unreachable();
    const xid = (stream.length << 8) | 1;
    try {
      const sent: Sent = { ...inVersion(next(form.name), version, xid), form: form.printed };
      const bytes = messageBytes(sent, version, xid);
      if (bytes.length > 4000) continue;
      stream.push(random.u32() % 3 === 0 ? wholeDamaged(bytes, stream.at(-1) ?? bytes, random) : bytes);
    } catch {
      // the version cannot say that
    }
  }
  return stream;
}

function isError(bytes: Uint8Array): boolean {
  return bytes[1] === 1;
}

/** The reference lists groups by a hash of its own in each process. */
function withGroupsInOrder(text: string): string {
  const [head = '', ...lines] = text.split('\n');
  return /^OFPST_GROUP(_DESC)? reply/.test(head) ? [head, ...lines.sort()].join('\n') : text;
}

/** What the two do not say alike, on purpose or by chance. */
const excused: readonly RegExp[] = [
  /FLOW_MONITOR request/, // the reference's errors about these repeat bytes that it has freed
  /NXT_RESUME/, // which error of several is told
  /OFPST_TABLE request/, // what becomes of misses has numbers of the reference's own; lookups by flows of before differ
  /BUNDLE_CONTROL.*type= /s, // one that nobody knows is answered by the reference
  /TABLE_DESC request/, // eviction that came with flags is not shown by the reference
];

describe.runIf(reason === undefined)('random messages', () => {
  let hosts = [new DummyHost('ours'), new DummyHost('reference')] as const;

  async function begin(): Promise<void> {
    for (const host of hosts) {
      await host.prepare();
      const port = (n: number): string[] =>
        `-- add-port br0 p${n} -- set interface p${n} type=dummy ofport_request=${n}`.split(' ');
      host.vsctl(
        ...'add-br br0 -- set bridge br0 datapath_type=dummy fail_mode=secure'.split(' '),
        'other_config:hwaddr=aa:55:aa:55:00:00',
        'other_config:datapath-id=0000000000000001',
        'protocols=[OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15]',
        ...[1, 2, 3].flatMap(port),
      );
      host.appctl('time/stop'); // flows of a second are there until they are deleted
    }
  }

  async function end(): Promise<void> {
    for (const host of hosts) await host[Symbol.asyncDispose]();
  }

  beforeAll(begin);
  afterAll(end);

  /**
   * Both begin anew, so that what one has kept, as statistics and packets that came late, does not make all that follows
   * differ. Which daemon had died, the log's end told: ours may not. Of about one message in a million the reference does:
   * of a wrong FLOW_MONITOR request it frees a monitor that it had not made yet.
   */
  async function beginAnew(): Promise<DummyHost['which'] | undefined> {
    const dead = hosts.find((host) => !isRunning(host.pidOf('ovs-vswitchd')));
    if (dead !== undefined)
      process.stderr.write(`random-messages.test.ts: died: ${dead.which}\n${dead.log.slice(-1000)}\n`);
    await end();
    hosts = [new DummyHost('ours'), new DummyHost('reference')];
    await begin();
    return dead?.which;
  }

  const plain = (bytes: readonly Uint8Array[]): string =>
    bytes
      .map((each) => withGroupsInOrder(formatMessage(each, 2)))
      .join('')
      .replace(/duration=[\d.]+s?/g, 'duration=N')
      .replace(/addr:[0-9a-f:]+/g, 'addr:ADDRESS');

  const isExcused = (message: Uint8Array): boolean => {
    const sent = formatMessage(message, 2);
    return excused.some((kind) => kind.test(sent));
  };

  /** Answers to messages that come all at once: to those that are not excused, and what the bridge tells by itself. */
  async function answersOf(talk: BridgeConversation, messages: readonly Uint8Array[]): Promise<unknown> {
    const said = await talk.ask(...messages);
    const isReplyTo = (xids: ReadonlySet<number>) => (bytes: Uint8Array) => xids.has(xidOf(bytes));
    const all = new Set(messages.map(xidOf));
    const compared = new Set(messages.filter((message) => !isExcused(message)).map(xidOf));
    return {
      // an answer to an echo may come before those to messages that take longer
      replies: plain(said.filter(isReplyTo(compared)).sort((a, b) => xidOf(a) - xidOf(b))),
      told: plain(said.filter((bytes) => !isReplyTo(all)(bytes) && !isError(bytes))),
      hasEnded: talk.hasEnded,
    };
  }

  /**
   * Whether both answer the same to messages that come all at once. If not, it may be that one has told of a packet before
   * a later message said that it should not.
   */
  async function areAnsweredAlike(version: WireVersion, messages: readonly Uint8Array[]): Promise<boolean> {
    const talks = hosts.map((host) => new BridgeConversation(host, version));
    const [mine, theirs] = await Promise.all(talks.map((talk) => answersOf(talk, messages)));
    for (const talk of talks) talk.close();
    await clean();
    return isDeepStrictEqual(mine, theirs);
  }

  /**
   * What the reference keeps of earlier rounds, and ours does not, is taken from both: flows of the datapath of before a
   * change of what becomes of misses, and options of tunnels, which may go only when flows with them have gone for good.
   */
  async function alignLeftovers(): Promise<void> {
    for (const host of hosts) host.appctl('revalidator/purge');
    const tables = await Promise.all(
      hosts.map((host) => askOnce(host, { name: 'TLV_TABLE_REQUEST', value: undefined })),
    );
    if (tables[0] === tables[1]) return;
    for (const host of hosts) {
      const clear: Sent = { name: 'TLV_TABLE_MOD', value: { command: 'clear', mappings: [] } };
      await until(async () => (await askOnce(host, clear)) === '', `${host.which} to forget options`);
    }
  }

  async function askOnce(host: DummyHost, message: Sent): Promise<string> {
    const talk = new BridgeConversation(host, 6);
    const answer = plain(await talk.ask(messageBytes(message, 6, 2)));
    talk.close();
    return answer;
  }

  async function clean(): Promise<void> {
    await Promise.all(
      hosts.map(async (host) => {
        const talk = new BridgeConversation(host, 6);
        await talk.clean();
        talk.close();
      }),
    );
  }

  /** The first of some messages that the two, asked one by one, answer in different ways. */
  async function findDifference(version: WireVersion, messages: readonly Uint8Array[]): Promise<unknown> {
    const talks = hosts.map((host) => new BridgeConversation(host, version));
    try {
      for (const message of messages) {
        const answers = async (...asked: readonly Uint8Array[]): Promise<string[]> =>
          Promise.all(talks.map(async (talk) => plain(await talk.ask(...asked))));
        let [mine, theirs] = await answers(message);
        if (isExcused(message)) continue;
        // Of a packet the busy reference may tell later than it answers.
        for (let pause = 1; mine !== theirs && pause <= 256; pause *= 4) {
          await new Promise((resolve) => setTimeout(resolve, pause));
          const [more, theirMore] = await answers();
          [mine, theirs] = [`${mine}${more}`, `${theirs}${theirMore}`];
        }
        const [hasEnded, theirHasEnded] = talks.map((talk) => talk.hasEnded);
        if (mine === theirs && hasEnded === theirHasEnded) continue;
        const sent = formatMessage(message, 2);
        return { sent, bytes: Buffer.from(message).toString('hex'), mine, theirs, hasEnded, theirHasEnded };
      }
      return undefined;
    } finally {
      for (const talk of talks) talk.close();
      await clean();
    }
  }

  test.each(allVersions.map((version) => [versionName(version), version] as const))(
    'of %s are answered as the reference answers them',
    async (_, version) => {
      const stream = streamOf(version, perVersion);
      const differences: unknown[] = [];
      for (let at = 0; at < stream.length; at += perRound) {
        const messages = stream.slice(at, at + perRound);
        if (await areAnsweredAlike(version, messages)) continue;
        await alignLeftovers();
        const difference = await findDifference(version, messages);
        const dead = await beginAnew();
        if (dead === 'ours')
          differences.push({ died: messages.map((bytes) => Buffer.from(bytes).toString('hex')) });
        else if (difference !== undefined && dead === undefined) differences.push(difference);
      }
      expect(differences).toEqual([]);
    },
  );
});
