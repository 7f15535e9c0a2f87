/** Which steps of a plan may wait for threads and the kernel together. */
import { type AddInterface, isAddition, type Step } from './plan.ts';

/** What different bridges ask for may wait together. */
const waitingKinds: ReadonlySet<Step['do']> = new Set(['removeInterface', 'removeBridge', 'addInterface']);

export function isAllAdditions(group: readonly Step[]): group is readonly AddInterface[] {
  return group.every(isAddition);
}

/** Steps that wait, a parallel group for each bridge, or each device that goes; all others one after the other. */
export function parallelGroups(steps: readonly Step[]): (readonly Step[])[][] {
  const all: { kind: Step['do']; groups: Map<string, Step[]> }[] = [];
  for (const step of steps) {
    const last = all.at(-1);
    const name = step.do === 'removeInterface' ? `${step.bridge} ${step.name}` : step.bridge;
    const group = last?.groups.get(name);
    if (last?.kind !== step.do || !waitingKinds.has(step.do))
      all.push({ kind: step.do, groups: new Map([[name, [step]]]) });
    else if (group === undefined) last.groups.set(name, [step]);
    else group.push(step);
  }
  return all.map(({ groups }) => [...groups.values()]);
}
