import { describe, expect, test } from 'vitest';
import { coresInMask, firstOfEachNode, readCores } from './cores.ts';
import { type AssignAlgorithm, assignQueues, type PolledQueue } from './queue-assignment.ts';

const queues = (count: number, more: Partial<PolledQueue> = {}): PolledQueue[] =>
  Array.from({ length: count }, (_, queue) => ({
    ...{ port: 'p0', number: 1, queue, numa: 0, core: undefined, cycles: 0 },
    ...more,
  }));

/** The queues of each core. */
function assigned(
  wanted: readonly PolledQueue[],
  nodes: string,
  algorithm: AssignAlgorithm = 'cycles',
  isolates = true,
): Record<number, number[]> {
  const { cores } = assignQueues(wanted, readCores(nodes), { algorithm, isolates });
  const byCore: Record<number, number[]> = {};
  for (const [{ queue }, core] of cores) byCore[core] = [...(byCore[core] ?? []), queue];
  return byCore;
}

describe('receive queues', () => {
  test('go to threads in turn, to and fro, or to whoever has the fewest', () => {
    expect(assigned(queues(6), '0,0', 'roundrobin')).toEqual({ 0: [0, 2, 4], 1: [1, 3, 5] });
    expect(assigned(queues(6), '0,0', 'cycles')).toEqual({ 0: [0, 3, 4], 1: [1, 2, 5] });
    expect(assigned(queues(5), '0,0', 'group')).toEqual({ 0: [0, 2, 4], 1: [1, 3] });
  });

  test('that took most are given out first, each to the thread that has least where that is asked for', () => {
    const busy = queues(4).map((each) => ({ ...each, cycles: [10, 50, 20, 40][each.queue] ?? 0 }));
    expect(assigned(busy, '0,0', 'cycles')).toEqual({ 0: [1, 0], 1: [3, 2] });
    expect(assigned(busy, '0,0', 'group')).toEqual({ 0: [1, 0], 1: [3, 2] });
    const uneven = busy.map((each) => ({ ...each, cycles: each.queue === 1 ? 500 : each.cycles }));
    expect(assigned(uneven, '0,0', 'group')).toEqual({ 0: [1], 1: [3, 2, 0] });
    expect(assigned(uneven, '0,0', 'roundrobin')).toEqual({ 0: [0, 2], 1: [1, 3] });
  });

  test('stay on the NUMA node of their port where that has a thread', () => {
    expect(assigned(queues(2, { numa: 1 }), '0,1,0')).toEqual({ 1: [0, 1] });
    const { cores, notes } = assignQueues(queues(1, { numa: 7 }), readCores('0'), {
      algorithm: 'cycles',
      isolates: true,
    });
    expect([...cores.values()]).toEqual([0]);
    expect(notes.map(({ text }) => text)).toContain(
      "There's no available (non-isolated) pmd thread on numa node 7. Port 'p0' rx queue 0 will be assigned to a pmd on numa node 0. This may lead to reduced performance.",
    );
  });

  test('that are bound to a core have it for themselves, unless told otherwise', () => {
    const bound = queues(4).map((queue) => (queue.queue === 0 ? { ...queue, core: 1 } : queue));
    expect(assigned(bound, '0,0')).toEqual({ 0: [1, 2, 3], 1: [0] });
    expect(assigned(bound, '0,0', 'group', false)).toEqual({ 0: [1, 2], 1: [0, 3] });
  });

  test('that are bound to a core without a thread go to another', () => {
    const lost = assignQueues(queues(1, { core: 9 }), readCores('0'), {
      algorithm: 'cycles',
      isolates: true,
    });
    expect([...lost.cores.values()]).toEqual([0]);
    expect(lost.notes[0]).toMatchObject({ level: 'warn' });
  });

  test('are not polled where bound ones have all threads', () => {
    const one = { ...queues(1)[0], core: 0 } as PolledQueue; // of a list that is not empty
    const { cores } = assignQueues([one, ...queues(1, { port: 'p2' })], readCores('0'), {
      algorithm: 'cycles',
      isolates: true,
    });
    expect([...cores].map(([{ port }, core]) => [port, core])).toEqual([['p0', 0]]);
  });
});

test('A mask of cores is hexadecimal, its lowest bit core 0', () => {
  const cores = readCores('0,0,1,1,8,8,8,8,8');
  const chosen = (mask: string) => coresInMask(cores, mask).map(({ core }) => core);
  expect(chosen('0x3')).toEqual([0, 1]);
  expect(chosen('1fe')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(firstOfEachNode(cores).map(({ core }) => core)).toEqual([0, 2, 4]);
});
