/** Which class of a qdisc a queue is: what shapes numbers them so, and what sends a packet names its class. */

/** Of every qdisc that a switch puts at the root of a device: 1:0. */
export const qdiscHandle = 1 << 16;

/** Queues of a qdisc with classes have numbers below. */
export const classfulQueueLimit = 0xf000;

export function queueClass(queue: number): number {
  return qdiscHandle | (queue + 1);
}

/** Undefined for the class that all share, and others' classes. */
export function queueOfClass(handle: number): number | undefined {
  const queue = (handle & 0xffff) - 1;
  return (handle & ~0xffff) === qdiscHandle && queue >= 0 && queue < classfulQueueLimit ? queue : undefined;
}
