/** How fast rules are found, by how many masks and rules there are. */
import { type Random, seededRandom } from '../src/base/random.ts';
import { Classifier } from '../src/flow/classifier.ts';
import { ClassifierRule } from '../src/flow/classifier-rule.ts';
import { newKey, setSlot } from '../src/flow/key.ts';
import { internMask, type Mask } from '../src/flow/mask.ts';
import { datapathWordCount } from '../src/flow/slots.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { fiveTuple, fiveTupleKey } from './support/rules.ts';

const rulesOfMask = 10;
const keyCount = 500;

/** Masks of pairs of prefixes, with protocol and port as their number grows: what routers and firewalls have. */
function prefixMask(n: number): Mask {
  const mask = newKey();
  const prefix = (length: number): number => (-1 << (32 - length)) >>> 0;
  setSlot(mask, 'eth_type', 0xffff);
  setSlot(mask, 'nw_src', prefix((n % 32) + 1));
  setSlot(mask, 'nw_dst', prefix((Math.floor(n / 32) % 32) + 1));
  if (n >= 32 * 32) setSlot(mask, 'nw_proto', 0xff);
  if (n >= 2 * 32 * 32) setSlot(mask, 'tp_dst', 0xffff);
  return internMask(mask);
}

/** What somebody chooses who wants lookups to be slow. */
function hostileMask(random: Random): Mask {
  const mask = newKey();
  for (let n = 0; n < 6; n++) mask[random.u32() % 40] = random.u32();
  return internMask(mask);
}

function tableOf(
  random: Random,
  masks: readonly Mask[],
  keyFor: () => Uint32Array,
): Classifier<ClassifierRule> {
  const table = new Classifier<ClassifierRule>();
  for (const mask of masks) {
    for (let n = 0; n < rulesOfMask; n++) {
      table.insert(new ClassifierRule(random.u32() % 100), { mask, values: mask.pack(keyFor()) });
    }
  }
  return table;
}

function randomKey(random: Random): Uint32Array {
  const key = newKey();
  for (let n = 0; n < datapathWordCount; n++) key[n] = random.u32();
  return key;
}

/** Microseconds of processor time since `start`: others that use the machine count less than in time that passes. */
function processorTime(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

/** Median microseconds of a lookup that tells which bits decided. */
function lookup(table: Classifier<ClassifierRule>, keys: readonly Uint32Array[]): number {
  const wildcards = newKey();
  const rounds: number[] = [];
  const roundCount = table.maskCount > 500 ? 15 : 300;
  for (let round = 0; round < roundCount; round++) {
    const start = process.cpuUsage();
    for (const key of keys) {
      wildcards.fill(0);
      table.lookup(key, 0, wildcards);
    }
    rounds.push(processorTime(start) / keys.length);
  }
  return median(rounds);
}

function insertion(ruleCount: number): { insert: number; remove: number } {
  const random = seededRandom(3);
  const table = new Classifier<ClassifierRule>();
  const matches = Array.from({ length: ruleCount }, () => fiveTuple(random));
  const start = process.cpuUsage();
  const rules = matches.map((match) => {
    const rule = new ClassifierRule(1);
    table.insert(rule, match);
    return rule;
  });
  const inserted = processorTime(start);
  for (const rule of rules) table.remove(rule);
  return { insert: inserted / ruleCount, remove: (processorTime(start) - inserted) / ruleCount };
}

export const bench: Bench = {
  question: 'How fast does a flow table find a rule?',
  async run(progress) {
    const row = (what: string, ours: number): Row => ({ what, unit: 'us', ours, better: 'less' });
    const rows: Row[] = [];
    const random = seededRandom(1);
    progress.expect(12);
    const tcp = Array.from({ length: keyCount }, () => fiveTupleKey(random));
    for (const count of [1, 10, 30, 100, 300, 3000]) {
      progress.next(`lookup in ${count} masks of prefixes`);
      const masks = Array.from({ length: count }, (_, n) => prefixMask(n));
      rows.push(
        row(
          `lookup, ${count} ${count === 1 ? 'mask' : 'masks'} of prefixes`,
          lookup(
            tableOf(random, masks, () => fiveTupleKey(random)),
            tcp,
          ),
        ),
      );
    }
    progress.next('lookup in 3000 masks that an attacker chose');
    const hostile = tableOf(
      random,
      Array.from({ length: 3000 }, () => hostileMask(random)),
      () => randomKey(random),
    );
    rows.push(
      row(
        'lookup, 3000 masks that an attacker chose',
        lookup(
          hostile,
          Array.from({ length: 50 }, () => randomKey(random)),
        ),
      ),
    );
    for (const count of [1000, 10_000, 100_000, 1_000_000]) {
      progress.next(`lookup among ${count} rules in one mask`);
      const table = new Classifier<ClassifierRule>();
      for (let n = 0; n < count; n++) table.insert(new ClassifierRule(1), fiveTuple(random));
      rows.push(row(`lookup, ${count} rules in one mask`, lookup(table, tcp)));
    }
    progress.next('insertion and removal of 100000 rules');
    const { insert, remove } = insertion(100_000);
    rows.push(row('insertion, 100000 rules', insert), row('removal, 100000 rules', remove));
    return rows;
  },
};
