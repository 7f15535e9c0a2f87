/**
 * Conjunctive matches: several rules of a priority, each for one dimension of a match, stand together for the rule on
 * their id; ovs-fields(7), "Conjunctive Match Fields".
 */
import type { ClassifierRule } from './classifier-rule.ts';
import { slots } from './slots.ts';

export const conjunctionWord = slots.conj_id.word;

/** The ids of which rules of one priority above `floor` match in all dimensions, those of the highest priority first. */
export function* completeConjunctions(
  parts: readonly ClassifierRule[],
  floor: number,
): IterableIterator<number> {
  const above = parts.filter(({ priority }) => priority > floor).sort((a, b) => b.priority - a.priority);
  let found = new Map<string, Set<number>>();
  let priority = floor;
  for (const rule of above) {
    if (rule.priority !== priority) found = new Map();
    priority = rule.priority;
    for (const { id, clause, clauseCount } of rule.conjunctions ?? []) {
      const name = `${id}/${clauseCount}`;
      const clauses = found.get(name) ?? new Set();
      found.set(name, clauses);
      const isNew = !clauses.has(clause);
      clauses.add(clause);
      if (isNew && clauses.size === clauseCount) yield id;
    }
  }
}
