import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HeapNode, MaxHeap } from './max-heap.ts';

test('A heap has one of the highest rank in front, whatever comes, changes and goes', () => {
  const step = fc.record({
    what: fc.constantFrom('insert', 'change', 'remove'),
    of: fc.nat(),
    rank: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new MaxHeap<number>();
      const nodes: HeapNode<number>[] = [];
      steps.forEach(({ what, of, rank }, n) => {
        const node = nodes[of % Math.max(1, nodes.length)];
        if (what === 'insert' || node === undefined) nodes.push(heap.insert(n, rank));
        else if (what === 'change') heap.setRank(node, rank);
        else {
          heap.remove(node);
          nodes.splice(nodes.indexOf(node), 1);
        }
        const highest = Math.max(...nodes.map((one) => one.rank));
        const first = nodes.find((one) => one.value === heap.first);
        expect(first?.rank).toBe(nodes.length === 0 ? undefined : highest);
      });
    }),
  );
});

test('Of equals the one that was there first stays in front', () => {
  const heap = new MaxHeap<string>();
  const a = heap.insert('a', 1);
  heap.insert('b', 1);
  expect(heap.first).toBe('a');
  heap.setRank(a, 2);
  heap.setRank(a, 1);
  expect(heap.first).toBe('a');
});
