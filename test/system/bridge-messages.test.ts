/**
 * Any messages, good ones and such with a few wrong bytes, in every version, given to the real daemon and to ours: both
 * must answer the same. What they are left with is deleted after each message. ANSWERED_MESSAGES sets how many of each
 * kind; the first difference of a kind is shown.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { messageBytes, type Sent } from '../../src/openflow/codec.ts';
import { readActions } from '../../src/openflow/library/text.ts';
import { spoilt } from '../../src/openflow/message-fixture/damage.ts';
import { inVersion, matchOf, messageNames, messageOf } from '../../src/openflow/message-fixture.ts';
import { formsToSend } from '../../src/openflow/message-table.ts';
import type { BundleControl } from '../../src/openflow/messages/bundles.ts';
import { plainFlowMod } from '../../src/openflow/messages/flow-mod.ts';
import { withoutGroups } from '../../src/openflow/messages/group-mod.ts';
import type { Message } from '../../src/openflow/messages/index.ts';
import { formatMessage } from '../../src/openflow/text/messages.ts';
import { allVersions, versionName, type WireVersion } from '../../src/openflow/versions.ts';
import { BridgeConversation } from './support/bridge-conversation.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { splitWords } from './support/words.ts';

const perKind = Number(process.env.ANSWERED_MESSAGES ?? 3);

/**
 * They come from switches, change who may say what (compared in bridge-events.txt), or are answered otherwise on purpose
 * or by mistake: the reference takes flags of eviction for eviction, answers bundle controls of unknown type, and quotes
 * other bytes than a request for monitors had. A spoilt request to forget connections ends it.
 */
const leftOut: readonly Message['name'][] = [
  ...(['HELLO', 'ERROR', 'ROLE_REQUEST', 'RESUME', 'TABLE_MOD', 'BUNDLE_CONTROL'] as const),
  ...(['FLOW_MONITOR_REQUEST', 'FLOW_MOD_TABLE_ID', 'CT_FLUSH'] as const),
];

function talk(host: DummyHost, version: WireVersion): BridgeConversation {
  const conversation = new BridgeConversation(host, version);
  // Without it, that a change of flows tells a table is one of many mistakes in it.
  if (version === 1) conversation.send({ name: 'FLOW_MOD_TABLE_ID', value: { isEnabled: true } }, 1);
  return conversation;
}

function textOf(bytes: Uint8Array): string {
  return formatMessage(bytes, 3)
    .replace(/\b(duration[=:]) ?[\d.]+s/g, '$1N')
    .replace(/\((xid=)0x[0-9a-f]+\)/, '')
    .replace(/addr:[0-9a-f:]{17}/g, 'addr:MAC')
    .split('\n')
    .sort() // ports come in no particular order
    .join('\n');
}

interface Sample {
  readonly of: string;
  readonly bytes: Uint8Array;
}

function samplesFor(version: WireVersion): Sample[] {
  const random = seededRandom(version);
  return messageNames
    .filter((name) => !leftOut.includes(name))
    .flatMap((name) => {
      const messages = fc.sample(messageOf(name), { seed: 20 + version, numRuns: perKind });
      return formsToSend(version, name).flatMap(({ printed }) =>
        messages.flatMap((message) => {
          const bytes = messageBytes({ ...inVersion(message, version, 9), form: printed }, version, 9);
          return [bytes, spoilt(bytes, random)].map((one) => ({ of: printed, bytes: one }));
        }),
      );
    });
}

const local = { mac: Uint8Array.of(0xaa, 0x55, 0xaa, 0x55, 0, 0), mask: 0, config: 0, advertise: 0 };
const aPort: Sent = { name: 'PORT_MOD', value: { ...local, port: 0xfffffffe } };
const noPort: Sent = { name: 'PORT_MOD', value: { ...local, port: 55 } };
const added = {
  ...plainFlowMod,
  command: 'add',
  table: 0,
  newCookie: 0n,
  match: matchOf('in_port=1'),
} as const;
const aFlow: Sent = { name: 'FLOW_MOD', value: { ...added, actions: readActions('output:2') } };
const flowToNoGroup: Sent = { name: 'FLOW_MOD', value: { ...added, actions: readActions('group:9') } };
const noGroup: Sent = { name: 'GROUP_MOD', value: { ...withoutGroups, command: 'modify', group: 9 } };
/** Some of them fail when they are committed, others at once. */
const bundled: readonly (readonly Sent[])[] = [
  ...[[aPort], [noPort], [aFlow, aPort], [aFlow, noPort], [noPort, aFlow]],
  ...[[flowToNoGroup], [aFlow, flowToNoGroup], [noGroup], [aFlow, noGroup, noPort]],
];

describe.skipIf(whyNoReference() !== undefined)('both daemons', () => {
  const hosts = [new DummyHost('ours'), new DummyHost('reference')];
  beforeAll(async () => {
    await Promise.all(
      hosts.map(async (host) => {
        await host.prepare();
        const bridge = splitWords('-- set bridge br0 fail_mode=secure other_config:hwaddr=aa:55:aa:55:00:00');
        await host.runAll([
          [
            'ovs-vsctl',
            'add-br',
            'br0',
            ...bridge,
            'datapath_type=dummy',
            `protocols=${allVersions.map(versionName).join()}`,
          ],
          ...[1, 2].map((n) =>
            splitWords(`ovs-vsctl add-port br0 p${n} -- set interface p${n} type=dummy ofport_request=${n}`),
          ),
          ['ovs-appctl', 'time/stop'], // what has a second or so has it until it is deleted
        ]);
      }),
    );
  });
  afterAll(() => Promise.all(hosts.map((host) => host[Symbol.asyncDispose]())));

  test.each(allVersions.map((version) => [versionName(version), version] as const))(
    'answer messages of %s alike',
    async (_, version) => {
      const found = new Map<string, unknown>();
      let pair: BridgeConversation[] = [];
      for (const { of, bytes } of samplesFor(version)) {
        if (pair.length === 0 || pair.some(({ hasEnded }) => hasEnded)) {
          for (const one of pair) one.close();
          pair = hosts.map((host) => talk(host, version));
        }
        const [ours, theirs] = await Promise.all(
          pair.map(async (one) => {
            const said = (await one.ask(bytes)).map(textOf);
            return one.hasEnded ? [...said, 'it has hung up'] : said;
          }),
        );
        await Promise.all(pair.map((one) => one.clean()));
        if (JSON.stringify(ours) !== JSON.stringify(theirs) && !found.has(of)) {
          found.set(of, {
            sent: Buffer.from(bytes).toString('hex'),
            text: textOf(bytes).slice(0, 300),
            ours,
            theirs,
          });
          for (const one of pair) one.close();
          pair = [];
        }
      }
      for (const one of pair) one.close();
      expect([...found]).toEqual([]);
    },
  );

  test.each([0, 1, 2, 3])('answer bundles with flags %d alike', async (flags) => {
    const bundle = 7;
    const control = (type: BundleControl['type']): Sent => ({
      name: 'BUNDLE_CONTROL',
      value: { bundle, flags, type },
    });
    for (const version of [5, 6] as const)
      for (const inside of bundled) {
        const pair = hosts.map((host) => talk(host, version));
        const steps = [
          messageBytes(control('open_request'), version, 1),
          ...inside.map((message, n) =>
            messageBytes(
              {
                name: 'BUNDLE_ADD_MESSAGE',
                value: { bundle, flags, message: messageBytes(message, version, 10 + n) },
              },
              version,
              10 + n,
            ),
          ),
          messageBytes(control('commit_request'), version, 2),
        ];
        for (const step of steps) {
          const [ours, theirs] = await Promise.all(
            pair.map(async (one) => (await one.ask(step)).map(textOf)),
          );
          expect(ours).toEqual(theirs);
        }
        await Promise.all(pair.map((one) => one.clean()));
        for (const one of pair) one.close();
      }
  });
});
