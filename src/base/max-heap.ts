/**
 * A binary heap of things that have a rank: one of the highest rank is known at once, and a rank that changes moves its
 * owner by a few places. Of equals, those that have been there stay in front.
 */

/** A thing's place in a heap; belongs to the heap that made it. */
export interface HeapNode<T> {
  readonly value: T;
  rank: number;
  at: number;
}

export class MaxHeap<T> {
  readonly #nodes: HeapNode<T>[] = [];

  get first(): T | undefined {
    return this.#nodes[0]?.value;
  }

  insert(value: T, rank: number): HeapNode<T> {
    const node = { value, rank, at: this.#nodes.length };
    this.#nodes.push(node);
    this.#rise(node);
    return node;
  }

  setRank(node: HeapNode<T>, rank: number): void {
    node.rank = rank;
    this.#settle(node);
  }

  /** `node` must be in this heap. */
  remove(node: HeapNode<T>): void {
    const last = this.#nodes.pop();
    if (last === undefined || last === node) return;
    this.#put(last, node.at);
    this.#settle(last);
  }

  #settle(node: HeapNode<T>): void {
    if (!this.#rise(node)) this.#sink(node);
  }

  /** Whether it has moved. */
  #rise(node: HeapNode<T>): boolean {
    const start = node.at;
    while (node.at > 0) {
      const above = this.#nodes[(node.at - 1) >> 1];
      if (above === undefined || above.rank >= node.rank) break;
      this.#swap(node, above);
    }
    return node.at !== start;
  }

  #sink(node: HeapNode<T>): void {
    for (;;) {
      const [left, right] = [this.#nodes[2 * node.at + 1], this.#nodes[2 * node.at + 2]];
      let highest = node;
      if (left !== undefined && left.rank > highest.rank) highest = left;
      if (right !== undefined && right.rank > highest.rank) highest = right;
      if (highest === node) return;
      this.#swap(node, highest);
    }
  }

  #swap(a: HeapNode<T>, b: HeapNode<T>): void {
    const at = a.at;
    this.#put(a, b.at);
    this.#put(b, at);
  }

  #put(node: HeapNode<T>, at: number): void {
    node.at = at;
    this.#nodes[at] = node;
  }
}
