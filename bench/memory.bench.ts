/** What rules, masks and datapath flows take, in a heap from which all garbage is gone. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom } from '../src/base/random.ts';
import { Classifier } from '../src/flow/classifier.ts';
import { ClassifierRule } from '../src/flow/classifier-rule.ts';
import { newKey } from '../src/flow/key.ts';
import { internMask, type Mask } from '../src/flow/mask.ts';
import { frameWith } from '../test/sim/frames.ts';
import { VirtualSwitch } from '../test/sim/virtual-switch.ts';
import type { Bench, Row } from './support/report.ts';
import { fiveTuple } from './support/rules.ts';

const ruleCount = 100_000;
const maskCount = 3000;
const flowCount = 200_000;

/** Bytes in use, buffers outside V8's heap included. */
function used(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') for (let n = 0; n < 3; n++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Those of `ClassifierRule` that are the classifier's: `addedIn`, `removedIn`, `mask`, `slot`, `next`. */
const fieldsInRule = 5 * 8;

/** What the classifier keeps for a rule of a 5-tuple, in the rule and beside it. */
function classifierRule(): number {
  const random = seededRandom(1);
  const rules = Array.from({ length: ruleCount }, (_, n) => new ClassifierRule(n % 10));
  const before = used();
  const classifier = new Classifier<ClassifierRule>();
  for (const rule of rules) classifier.insert(rule, fiveTuple(random));
  const size = (used() - before) / ruleCount;
  if (classifier.ruleCount !== ruleCount) throw new Error('rules were lost');
  return size + fieldsInRule;
}

/** A mask that was looked under once. */
function mask(): number {
  const random = seededRandom(2);
  const key = newKey();
  const before = used();
  const kept: Mask[] = [];
  for (let n = 0; n < maskCount; n++) {
    const full = newKey();
    for (let i = 0; i < 6; i++) full[random.u32() % 40] = random.u32();
    const made = internMask(full);
    made.hash(key);
    kept.push(made);
  }
  return (used() - before) / kept.length;
}

/** Tagged and untagged frames of several protocols, from many stations: each makes a flow. */
const payloads = [
  '080045000054000040004001000a000001000a000002',
  '86dd6000000000081140fe800000000000000000000000000001fe800000000000000000000000000002',
  '0806000108000604000102000000000100000000000000000000',
  '88b51234',
];

/** Flows as NORMAL makes them; the worker's share is what goes when its table is emptied. */
async function flows(): Promise<{ main: number; worker: number; masks: number }> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0', { macTableSize: 1024 });
  await sw.addPort(bridge, 'p1');
  await sw.addPort(bridge, 'p2');
  sw.backer.setLimits({ ...sw.backer.limits, flowLimit: flowCount, maxIdle: 1e9 });
  sw.backer.revalidator.setFlowLimit(flowCount);
  const before = used();
  for (let n = 0; n < flowCount; n++) {
    const station = (0x02_00_00_00_00_00 + (n >> 3)).toString(16).padStart(12, '0');
    const tags = n % 2 === 0 ? [] : [{ tpid: 0x8100, vid: 5, pcp: 0 }];
    sw.inject('p1', frameWith({ src: station, tags, payload: payloads[(n >> 1) % 4] ?? '' }));
    sw.takeSent();
  }
  const { count } = sw.backer.flows;
  const whole = used() - before;
  const { maskCount: masks } = sw.datapath.stats();
  sw.datapath.flushFlows();
  const main = used() - before;
  sw.backer.revalidator.purge();
  return { main: main / count, worker: (whole - main) / count, masks };
}

export const bench: Bench = {
  question: 'What do rules and flows take in memory?',
  async run(progress) {
    const row = (what: string, ours: number): Row => ({ what, unit: 'bytes', ours, better: 'less' });
    progress.expect(3);
    progress.next(`${flowCount} datapath flows`);
    const { main, worker, masks } = await flows();
    progress.next(`${ruleCount} rules in a classifier`);
    const ruleSize = classifierRule();
    progress.next(`${maskCount} masks`);
    return [
      row('rule in a classifier', ruleSize),
      row('mask seen once', mask()),
      row('datapath flow, main thread', main),
      row('datapath flow, worker', worker),
      { what: 'masks of those flows', unit: '', ours: masks, better: 'less' },
    ];
  },
};
