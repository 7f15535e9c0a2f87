import { describe, expect, it } from 'vitest';
import { Classifier } from './classifier.ts';
import { ClassifierRule, type Conjunction } from './classifier-rule.ts';
import { newKey, setSlot } from './key.ts';
import { matchOn } from './match.ts';
import { type SlotName, slots } from './slots.ts';

function world() {
  const classifier = new Classifier<ClassifierRule>();
  const add = (
    priority: number,
    match: Partial<Record<SlotName, number>>,
    ...conjunctions: Conjunction[]
  ): ClassifierRule => {
    const rule = new ClassifierRule(priority, conjunctions.length === 0 ? undefined : conjunctions);
    classifier.insert(rule, matchOn(match));
    return rule;
  };
  const find = (
    values: Partial<Record<SlotName, number>>,
    wildcards = newKey(),
  ): ClassifierRule | undefined => {
    const key = newKey();
    for (const [slot, value] of Object.entries(values) as [SlotName, number][]) setSlot(key, slot, value);
    const found = classifier.lookup(key, 0, wildcards);
    expect(key[slots.conj_id.word]).toBe(0);
    return found;
  };
  return { classifier, add, find };
}

const part = (id: number, clause: number, clauseCount = 2): Conjunction => ({ id, clause, clauseCount });

describe('a conjunctive match', () => {
  it('is the rule on its id where every dimension matches', () => {
    const { add, find } = world();
    for (const source of [1, 2, 3]) add(10, { nw_src: source }, part(7, 0));
    for (const target of [4, 5]) add(10, { nw_dst: target }, part(7, 1));
    const answer = add(10, { conj_id: 7 });
    const others = add(1, {});
    expect(find({ nw_src: 2, nw_dst: 5 })).toBe(answer);
    expect(find({ nw_src: 2, nw_dst: 6 })).toBe(others);
    expect(find({ nw_src: 9, nw_dst: 5 })).toBe(others);
  });

  it('depends on all that its dimensions looked at, found or not', () => {
    const { add, find } = world();
    add(10, { nw_src: 1 }, part(7, 0));
    add(10, { tp_dst: 4 }, part(7, 1));
    add(10, { conj_id: 7 });
    for (const tp_dst of [4, 0xffff]) {
      const wildcards = newKey();
      find({ nw_src: 1, tp_dst }, wildcards);
      expect(wildcards[slots.nw_src.word]).not.toBe(0);
      expect(wildcards[slots.tp_dst.word]).not.toBe(0);
    }
  });

  it('gives way to a rule of higher priority, and its parts are no answers', () => {
    const { add, find } = world();
    add(10, { nw_src: 1 }, part(7, 0));
    add(10, { nw_dst: 1 }, part(7, 1));
    add(10, { conj_id: 7 });
    const above = add(11, { nw_src: 1, nw_dst: 1 });
    expect(find({ nw_src: 1, nw_dst: 1 })).toBe(above);
    expect(find({ nw_src: 1 })).toBe(undefined);
  });

  it('needs all its dimensions in one priority', () => {
    const { add, find } = world();
    add(10, { nw_src: 1 }, part(7, 0));
    add(9, { nw_dst: 1 }, part(7, 1));
    const answer = add(10, { conj_id: 7 });
    expect(find({ nw_src: 1, nw_dst: 1 })).toBe(undefined);
    add(9, { nw_src: 1 }, part(7, 0));
    expect(find({ nw_src: 1, nw_dst: 1 })).toBe(answer);
  });

  it('may share parts with others, and ends with them', () => {
    const { classifier, add, find } = world();
    const shared = add(10, { nw_src: 1 }, part(7, 0), part(8, 0));
    add(10, { nw_dst: 1 }, part(7, 1));
    add(10, { tp_dst: 1 }, part(8, 1));
    const seven = add(10, { conj_id: 7 });
    const eight = add(10, { conj_id: 8 });
    expect(find({ nw_src: 1, nw_dst: 1 })).toBe(seven);
    expect(find({ nw_src: 1, tp_dst: 1 })).toBe(eight);
    classifier.remove(shared);
    expect(find({ nw_src: 1, tp_dst: 1 })).toBe(undefined);
  });
});
