/**
 * The same frames given to the reference and to us, on dummy devices: the datapath flows that they make, headers, masks
 * and actions, are the same to the letter.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { FrameMaker } from '../conformance/frame-maker.ts';
import { SwitchHost, whyNoReference } from './support/daemon-pair.ts';
import { DummyFeed } from './support/dummy-feed.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`frames.test.ts: not run: ${reason}\n`);

/** More by e.g. COMPARED_FRAMES=50000. */
const frameCount = Number(process.env.COMPARED_FRAMES ?? 3000);
const framesARound = 500;

describe.runIf(reason === undefined)('beside the reference', () => {
  let hosts: readonly [SwitchHost, SwitchHost];

  beforeAll(async () => {
    const options = { args: ['--enable-dummy'] };
    hosts = [new SwitchHost('ours', options), new SwitchHost('reference', options)];
    await Promise.all(hosts.map((host) => host.start()));
    for (const host of hosts) {
      host.appctl('time/stop'); // where looking at flows takes long, the reference forgets them
      host.configure('set', 'open', '.', 'other_config:max-idle=3600000');
      host.configure('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy');
      for (const port of ['p1', 'p2'])
        host.configure('add-port', 'br0', port, '--', 'set', 'interface', port, 'type=dummy');
    }
  });

  afterAll(async () => {
    await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()));
  });

  test.each([1, 2])('frames of every protocol make the same flows with at most %i tags', async (limit) => {
    const [ours, theirs] = await Promise.all(hosts.map((host) => flowsOf(host, limit)));
    const differences: string[] = [];
    for (const [source, { frame, flow }] of ours ?? []) {
      const other = theirs?.get(source)?.flow;
      if (flow !== other && !isLostByReference.test(flow ?? ''))
        differences.push(`${frame}\n  ours   ${flow}\n  theirs ${other}`);
    }
    expect(ours?.size).toBe(frameCount);
    expect(differences, differences.join('\n')).toEqual([]);
  });
});

/** What it soon deletes since it cannot read its own keys back: ARP operation 255; tags and labels that are cut short. */
const isLostByReference = /op=255\/0|eth_type\(0x8(100|8a8|847|848)\)\)*, actions/;

interface Compared {
  readonly frame: string;
  flow: string | undefined;
}

/** What the switch makes of each frame, by the frame's source address. */
async function flowsOf(host: SwitchHost, vlanLimit: number): Promise<Map<string, Compared>> {
  host.configure('set', 'open', '.', `other_config:vlan-limit=${vlanLimit}`);
  using feed = await DummyFeed.open(host);
  const maker = new FrameMaker(seededRandom(1));
  const seen = new Map<string, Compared>();
  while (seen.size < frameCount) {
    for (const compared of await flowsOfRound(feed, maker)) seen.set(...compared);
  }
  return seen;
}

/** A few at a time: many flows make the reference forget some. */
async function flowsOfRound(feed: DummyFeed, maker: FrameMaker): Promise<Map<string, Compared>> {
  const frames = Array.from({ length: framesARound }, () => Buffer.from(maker.next()).toString('hex'));
  const seen = new Map<string, Compared>();
  for (const frame of frames) seen.set(frame.slice(12, 24), { frame, flow: undefined });
  await feed.ask('revalidator/purge');
  await feed.receive('p1', frames);
  for (const line of (await feed.ask('dpctl/dump-flows', '-m')).split('\n')) {
    const source = /eth\(src=([0-9a-f:]+)/.exec(line)?.[1]?.replaceAll(':', '');
    const found = source === undefined ? undefined : seen.get(source);
    if (found !== undefined) found.flow = comparable(line);
  }
  return seen;
}

/** Without numbers of its own, and without the masks of priorities and inner tags: see normal.ts, "Differs". */
function comparable(line: string): string {
  return line
    .replace(/^ufid:[0-9a-f-]+, /, '')
    .replace(/packets:.*actions:/, 'actions:')
    .replace(/, dp-extra-info:.*/, '')
    .replace(/vlan\(vid=(\d+)(?:\/0x0)?,pcp=(\d)(?:\/0x0)?/g, 'vlan(vid=$1,pcp=$2');
}
