import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../base/random.ts';
import { Classifier } from './classifier.ts';
import { ClassifierRule } from './classifier-rule.ts';
import { getSlot, newKey, setSlot } from './key.ts';
import { isMatchedBy, isMatchWithin, isSameMatch, type Match, packMatch, unpackKey } from './match.ts';
import type { PrefixSlot } from './prefix-index.ts';
import { keyWordCount, type SlotName, slots } from './slots.ts';

/** The usual fields of a rule, and how many different values the test gives them. */
const usualSlots = [
  'in_port',
  'eth_type',
  'vlan_tci',
  'nw_src',
  'nw_dst',
  'nw_proto',
  'tp_src',
  'tp_dst',
] as const;

function below(random: Random, limit: number): number {
  return random.u32() % limit;
}

function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[below(random, from.length)];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}

/** Values lie close together, so that rules and packets meet often. */
function randomKey(random: Random): Uint32Array {
  const key = newKey();
  for (const slot of usualSlots) setSlot(key, slot, below(random, 3));
  for (const slot of ['nw_src', 'nw_dst'] as const) {
    setSlot(key, slot, pick(random, [0x0a000000, 0x0a010000, 0xc0a80000, 0x0a010203]) ^ below(random, 4));
  }
  for (let n = 0; n < 4; n++) key[slots.ipv6_dst.word + n] = pick(random, [0, 1, 0x20010db8]);
  return key;
}

function randomMask(random: Random): Uint32Array {
  const mask = newKey();
  for (const slot of usualSlots) if (below(random, 3) === 0) setSlot(mask, slot, 0xffffffff);
  for (const slot of ['nw_src', 'nw_dst'] as const) {
    const length = pick(random, [0, 0, 8, 15, 16, 24, 30, 32]);
    setSlot(mask, slot, length === 0 ? 0 : (-1 << (32 - length)) >>> 0);
  }
  if (below(random, 8) === 0)
    mask.fill(0xffffffff, slots.ipv6_dst.word, slots.ipv6_dst.word + 1 + below(random, 4));
  if (below(random, 8) === 0) mask[below(random, keyWordCount)] = random.u32(); // as an attacker may choose it
  return mask;
}

/** What a classifier should be: a list. */
class Model {
  readonly rules: { rule: ClassifierRule; match: Match }[] = [];

  priorityFor(key: Uint32Array, version: number): number {
    let best = -1;
    for (const { rule, match } of this.rules) {
      if (rule.priority > best && rule.isVisible(version) && isMatchedBy(match, key)) best = rule.priority;
    }
    return best;
  }

  find(match: Match, priority: number, version: number): ClassifierRule | undefined {
    return this.rules.find(
      ({ rule, match: own }) =>
        rule.priority === priority && rule.isVisible(version) && isSameMatch(own, match),
    )?.rule;
  }
}

/** Compares the two, and whether the wildcards suffice: any change of other bits leaves the answer as it is. */
function compareLookup(
  random: Random,
  classifier: Classifier<ClassifierRule>,
  model: Model,
  version: number,
): void {
  const key = randomKey(random);
  const wildcards = newKey();
  const found = classifier.lookup(key, version, wildcards);
  check((found?.priority ?? -1) === model.priorityFor(key, version));
  check(classifier.lookup(key, version) === found);
  for (let n = 0; n < 4; n++) {
    const other = randomKey(random);
    for (let at = 0; at < other.length; at++) {
      const fixed = wildcards[at] ?? 0;
      const changed = n === 0 ? random.u32() : (other[at] ?? 0);
      other[at] = (changed & ~fixed) | ((key[at] ?? 0) & fixed);
    }
    check(classifier.lookup(other, version) === found);
  }
}

/** `expect` takes longer than what is tested here. */
function check(isRight: boolean): void {
  if (!isRight) expect.unreachable('the classifier does not say what the list says');
}

function run(random: Random, operations: number, prefixes: readonly PrefixSlot[] | undefined): void {
  const classifier = new Classifier<ClassifierRule>();
  const model = new Model();
  let version = 0;
  for (let n = 0; n < operations; n++) {
    const kind = below(random, 20);
    if (kind < 8) {
      const rule = new ClassifierRule(below(random, 6));
      const match = packMatch(randomKey(random), randomMask(random));
      rule.addedIn = version + below(random, 2);
      const same = model.find(match, rule.priority, rule.addedIn);
      check(classifier.find(match, rule.priority, rule.addedIn) === same);
      check(classifier.insert(rule, match) === same);
      if (same !== undefined) same.removedIn = rule.addedIn;
      model.rules.push({ rule, match });
    } else if (kind < 12 && model.rules.length > 0) {
      const at = below(random, model.rules.length);
      const [gone] = model.rules.splice(at, 1);
      if (gone === undefined) continue;
      const match = classifier.matchOf(gone.rule);
      check(match !== undefined && isSameMatch(match, gone.match));
      check(classifier.remove(gone.rule));
      check(!classifier.remove(gone.rule));
    } else if (kind === 12) version++;
    else if (kind === 13 && prefixes !== undefined && below(random, 20) === 0)
      classifier.setPrefixes(prefixes);
    else compareLookup(random, classifier, model, version + below(random, 2));
    if (model.rules.length > 150) for (const { rule } of model.rules.splice(0, 120)) classifier.remove(rule);
    check(classifier.ruleCount === model.rules.length);
  }
  expect(new Set(classifier)).toEqual(new Set(model.rules.map(({ rule }) => rule)));
  for (let n = 0; n < 20; n++) {
    const outer = packMatch(randomKey(random), randomMask(random));
    const inside = model.rules.filter(
      ({ match }) => match.mask.includes(outer.mask) && isMatchWithin(outer, match),
    );
    expect(new Set(classifier.within(outer))).toEqual(new Set(inside.map(({ rule }) => rule)));
  }
}

function matchOn(
  values: Partial<Record<SlotName, number>>,
  bits: Partial<Record<SlotName, number>> = {},
): Match {
  const key = newKey();
  const mask = newKey();
  for (const [slot, value] of Object.entries(values) as [SlotName, number][]) {
    setSlot(key, slot, value);
    setSlot(mask, slot, bits[slot] ?? 0xffffffff);
  }
  return packMatch(key, mask);
}

function keyOf(values: Partial<Record<SlotName, number>>): Uint32Array {
  const key = newKey();
  for (const [slot, value] of Object.entries(values) as [SlotName, number][]) setSlot(key, slot, value);
  return key;
}

describe('Classifier', () => {
  it('agrees with a plain list of rules in every version, and tells enough bits', () => {
    for (let seed = 1; seed <= 50; seed++) run(seededRandom(seed), 2000, undefined);
  });

  it('agrees with a plain list whichever prefixes it tells apart', () => {
    run(seededRandom(77), 1500, ['ipv6_dst', 'nw_src']);
    run(seededRandom(78), 1500, []);
  });

  it('agrees with a plain list where prefixes rule most of its masks out', () => {
    for (const prefixes of [['nw_dst', 'nw_src'], ['nw_src', 'tun_id'], ['nw_dst']] as const) {
      const random = seededRandom(5);
      const classifier = new Classifier<ClassifierRule>();
      const model = new Model();
      classifier.setPrefixes(prefixes);
      const prefix = (): number => (-1 << below(random, 32)) >>> 0;
      for (let n = 0; n < 300; n++) {
        const mask = newKey();
        if (below(random, 2) === 0) setSlot(mask, 'in_port', 0xffffffff);
        if (below(random, 4) === 0) setSlot(mask, 'tun_id', prefix());
        for (const slot of ['nw_src', 'nw_dst'] as const) setSlot(mask, slot, prefix());
        const rule = new ClassifierRule(n % 40);
        const match = packMatch(randomKey(random), mask);
        if (classifier.insert(rule, match) === undefined) model.rules.push({ rule, match });
        else classifier.remove(rule);
      }
      expect(classifier.maskCount).toBeGreaterThan(200);
      for (let n = 0; n < 100; n++) compareLookup(random, classifier, model, 0);
    }
  });

  it('depends on as much of an address as tells it from the prefixes in use', () => {
    const classifier = new Classifier<ClassifierRule>();
    classifier.insert(new ClassifierRule(1), matchOn({ nw_dst: 0x0a000000 }, { nw_dst: 0xff000000 }));
    classifier.insert(new ClassifierRule(2), matchOn({ nw_dst: 0x0a010203 }));
    const wildcards = newKey();
    expect(classifier.lookup(keyOf({ nw_dst: 0xc0a80001 }), 0, wildcards)).toBe(undefined);
    expect(wildcards[slots.nw_dst.word]).toBe(0x80000000);
    wildcards.fill(0);
    expect(classifier.lookup(keyOf({ nw_dst: 0x0a800001 }), 0, wildcards)?.priority).toBe(1);
    expect(wildcards[slots.nw_dst.word]).toBe(0xff800000);
  });

  it('leaves the inner layers out where the outer ones rule a match out', () => {
    const classifier = new Classifier<ClassifierRule>();
    classifier.insert(
      new ClassifierRule(1),
      matchOn({ in_port: 1, eth_type: 0x800, nw_proto: 6, tp_dst: 80 }),
    );
    const wildcards = newKey();
    const other = (in_port: number, eth_type: number): boolean => {
      wildcards.fill(0);
      classifier.lookup(keyOf({ in_port, eth_type, nw_proto: 6, tp_dst: 80 }), 0, wildcards);
      const layers = (['in_port', 'eth_type', 'nw_proto'] as const).map(
        (slot) => getSlot(wildcards, slot) !== 0,
      );
      return layers.lastIndexOf(true) === (in_port === 1 ? 1 : 0);
    };
    // The filters may take one for another now and then.
    const count = (from: number, isShort: (n: number) => boolean): number =>
      Array.from({ length: 200 }, (_, n) => from + n).filter(isShort).length;
    expect(count(2, (port) => other(port, 0x800))).toBeGreaterThan(100);
    expect(count(0x806, (type) => other(1, type))).toBeGreaterThan(100);
  });

  it('depends on as many bits of a port as tell it from the ports in use', () => {
    const classifier = new Classifier<ClassifierRule>();
    for (const port of [0x8000, 0x8001]) classifier.insert(new ClassifierRule(1), matchOn({ tp_dst: port }));
    const wildcards = newKey();
    classifier.lookup(keyOf({ tp_dst: 0x1234 }), 0, wildcards);
    expect(wildcards[slots.tp_dst.word]).toBe(0x8000);
  });

  it('does not look under masks of lower priority than the rule it has', () => {
    const classifier = new Classifier<ClassifierRule>();
    classifier.insert(new ClassifierRule(9), matchOn({ in_port: 1 }));
    classifier.insert(new ClassifierRule(3), matchOn({ nw_proto: 6 }));
    const wildcards = newKey();
    expect(classifier.lookup(keyOf({ in_port: 1, nw_proto: 6 }), 0, wildcards)?.priority).toBe(9);
    expect(wildcards[slots.nw_proto.word]).toBe(0);
  });

  it('forgets all rules at once, and knows those that come afterwards', () => {
    const classifier = new Classifier<ClassifierRule>();
    const match = matchOn({ nw_dst: 0x0a000001 });
    const [before, after] = [new ClassifierRule(5), new ClassifierRule(5)];
    classifier.insert(before, match);
    classifier.clear();
    const key = unpackKey(match);
    expect([classifier.ruleCount, classifier.maskCount, classifier.lookup(key, 0)]).toEqual([
      0,
      0,
      undefined,
    ]);
    expect(classifier.insert(after, match)).toBe(undefined);
    expect([classifier.remove(before), before.mask, classifier.lookup(key, 0)]).toEqual([
      false,
      undefined,
      after,
    ]);
    const wildcards = newKey();
    classifier.lookup(newKey(), 0, wildcards);
    expect(wildcards[slots.nw_dst.word]).toBe(0xf8000000); // no more of the address than tells it from the only prefix
  });

  it('gives each rule once to somebody who changes it while going through', () => {
    const classifier = new Classifier<ClassifierRule>();
    const rules = Array.from({ length: 200 }, (_, n) => {
      const rule = new ClassifierRule(n % 7);
      classifier.insert(rule, matchOn(n % 2 === 0 ? { in_port: n } : { nw_proto: n % 20, tp_dst: n }));
      return rule;
    });
    const seen: ClassifierRule[] = [];
    for (const rule of classifier) {
      seen.push(rule);
      if (rule.priority === 3) classifier.remove(rule);
      else classifier.insert(new ClassifierRule(6), matchOn({ in_port: 1000 + seen.length }));
    }
    const original = seen.filter((rule) => rules.includes(rule));
    expect(new Set(original)).toEqual(new Set(rules));
    expect(original.length).toBe(rules.length);
  });
});
