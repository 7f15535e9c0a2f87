/**
 * What a bridge without flows of anybody does with special frames: the reference and we get the same ones on the same
 * dummy ports, and every port must send the same.
 */
import { mkdtempSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { randomScenario, type Scenario, scenarios } from './normal-scenarios.ts';
import { SwitchHost, whyNoReference } from './support/daemon-pair.ts';
import { DummyFeed, readCapture } from './support/dummy-feed.ts';
import { whyNoNamespaces } from './support/namespace.ts';
import { toolCommand } from './support/tool-lines.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`normal.test.ts: not run: ${reason}\n`);

/** Of random ports and frames; more by e.g. COMPARED_SCENARIOS=200. */
const randomCount = Number(process.env.COMPARED_SCENARIOS ?? 8);

interface Outcome {
  /** Frames by port, in order. */
  readonly sent: Readonly<Record<string, readonly string[]>>;
  /** Lines of fdb/show without ages. */
  readonly known: readonly string[];
}

describe.runIf(reason === undefined)('beside the reference', () => {
  let pair: readonly SwitchHost[];

  beforeAll(async () => {
    const options = { args: ['--enable-dummy'] };
    pair = [new SwitchHost('ours', options), new SwitchHost('reference', options)];
    await Promise.all(pair.map((host) => host.start()));
  });

  afterAll(async () => {
    await Promise.all(pair.map((host) => host[Symbol.asyncDispose]()));
  });

  const random = seededRandom(1);
  const randomScenarios = Array.from({ length: randomCount }, (_, n) =>
    randomScenario(`random ports ${n}`, random),
  );

  test.each([...scenarios, ...randomScenarios])('every port sends the same: $name', async (scenario) => {
    const [ours, theirs] = await Promise.all(pair.map((host) => play(host, scenario)));
    expect(ours?.sent).toEqual(theirs?.sent);
    if (scenario.hasCutTags !== true) expect(ours?.known).toEqual(theirs?.known);
    expect(Object.values(ours?.sent ?? {}).flat().length).toBeGreaterThan(0);
  });
});

/** What each port sent, in order, and the addresses that the bridge knows afterwards. */
async function play(host: SwitchHost, scenario: Scenario): Promise<Outcome> {
  const { second, arrivals, hasMoves } = scenario;
  const folder = mkdtempSync(`${host.folder}/captures-`);
  const capture = (port: string): string => `${folder}/${port}.pcap`;
  const ports = ['br0', ...Object.keys(scenario.ports), ...Object.keys(second?.ports ?? {})];
  const [look = '', ...atFlows] = toolCommand(host.which, 'appctl', ['revalidator/wait']) ?? [];
  configure(host, scenario);
  for (const port of ports) host.configure('set', 'interface', port, `options:tx_pcap=${capture(port)}`);
  try {
    using feed = await DummyFeed.open(host);
    for (const [port, frame] of arrivals) {
      await feed.receive(port, [frame, frame]); // the second one by the flow of the first
      if (hasMoves) host.run(look, ...atFlows);
    }
    const known = (await feed.ask('fdb/show', 'br0')).split('\n').map((line) => line.replace(/\s+\d+$/, ''));
    return {
      sent: Object.fromEntries(ports.map((port) => [port, readCapture(capture(port))])),
      known: known.sort(),
    };
  } finally {
    host.configure(...splitWords('--if-exists del-br br1 -- del-br br0 -- clear open . other_config'));
  }
}

function configure(host: SwitchHost, { ports, second, bridge = '', global = '' }: Scenario): void {
  const addBridge = (name: string): string[] =>
    splitWords(`add-br ${name} -- set bridge ${name} datapath_type=dummy`);
  const addPort = (to: string, name: string, settings: string, ofInterface: string): string =>
    host.configure(
      ...splitWords(`add-port ${to} ${name} ${settings} -- set interface ${name} ${ofInterface}`),
    );
  // Before there is a bridge: the reference asks its datapath what it can do when it opens it.
  if (global !== '') host.configure('set', 'open', '.', global);
  host.configure(...addBridge('br0'), ...splitWords(bridge));
  for (const [name, settings] of Object.entries(ports)) addPort('br0', name, settings, 'type=dummy');
  if (second === undefined) return;
  host.configure(...addBridge('br1'));
  for (const [name, settings] of Object.entries(second.ports)) addPort('br1', name, settings, 'type=dummy');
  addPort('br0', 'near', second.near, 'type=patch options:peer=far');
  addPort('br1', 'far', second.far, 'type=patch options:peer=near');
}
