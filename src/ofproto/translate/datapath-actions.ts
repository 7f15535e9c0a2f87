/** What a datapath is told to do with a packet, in order: grows while the packet is translated. */
import type { DpAction } from '../../datapath/actions.ts';
import { commit, commitTags, type HeaderCommit, type PendingHeader } from './commit.ts';

export class DatapathActions {
  readonly #commit: HeaderCommit;
  #list: DpAction[] = [];
  /** Of lists inside of it. */
  #innerCount = 0;
  /** No action has run but outputs, so no header can differ from the datapath's but tags. */
  isPlain: boolean;

  constructor(packet: Omit<HeaderCommit, 'actions'>, isPlain: boolean) {
    this.#commit = { ...packet, actions: this.#list };
    this.isPlain = isPlain;
  }

  get list(): DpAction[] {
    return this.#list;
  }

  /** With those of lists inside. */
  get count(): number {
    return this.#list.length + this.#innerCount;
  }

  push(action: DpAction): void {
    this.#list.push(action);
  }

  /** Makes the datapath's packet what the pipeline says; true where only the slow path can. */
  commit(): boolean {
    if (!this.isPlain) return commit(this.#commit);
    commitTags(this.#commit);
    return false;
  }

  /** A header has come in front of the packet; it is pushed when the datapath next looks at the packet. */
  pend(header: PendingHeader): void {
    this.#commit.pending = header;
  }

  /** The actions that `run` adds, which are those of a list inside. */
  collect(run: () => void): DpAction[] {
    const outer = this.#list;
    const inner: DpAction[] = [];
    this.#use(inner);
    run();
    this.#use(outer);
    this.#innerCount += inner.length;
    return inner;
  }

  /** Of what is done to a packet at last, nothing is to be undone. */
  unwrapLastClone(): void {
    const last = this.#list.at(-1);
    if (last?.do === 'clone') this.#list.splice(-1, 1, ...last.actions);
  }

  clear(): void {
    this.#list.length = 0;
  }

  #use(list: DpAction[]): void {
    this.#list = list;
    this.#commit.actions = list;
  }
}
