/** A doubly linked list: what a least-recently-used order needs. Every operation costs the same at any length. */

/** A place in a list; belongs to the list that made it. */
export interface ListNode<T> {
  readonly value: T;
  previous: ListNode<T> | undefined;
  next: ListNode<T> | undefined;
}

export class List<T> {
  #first: ListNode<T> | undefined;
  #last: ListNode<T> | undefined;
  #size = 0;

  get first(): ListNode<T> | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  push(value: T): ListNode<T> {
    const node: ListNode<T> = { value, previous: undefined, next: undefined };
    this.#link(node);
    return node;
  }

  /** `node` must be in this list. */
  remove(node: ListNode<T>): void {
    this.#unlink(node);
  }

  /** `node` must be in this list. */
  moveToEnd(node: ListNode<T>): void {
    if (this.#last === node) return;
    this.#unlink(node);
    this.#link(node);
  }

  /** From first to last. What was just given out may be removed on the way. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let node = this.#first; node !== undefined; ) {
      const next: ListNode<T> | undefined = node.next;
      yield node.value;
      node = next;
    }
  }

  #link(node: ListNode<T>): void {
    node.previous = this.#last;
    node.next = undefined;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size++;
  }

  #unlink(node: ListNode<T>): void {
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.previous = undefined;
    node.next = undefined;
    this.#size--;
  }
}
