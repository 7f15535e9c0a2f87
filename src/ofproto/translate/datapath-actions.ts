/** What a datapath is told to do with a packet, in order: grows while the packet is translated. */
import type { DpAction } from '../../datapath/actions.ts';
import { commit, commitTags, type HeaderCommit, type PendingHeader } from './commit.ts';
import type { PacketOutcome } from './packet-outcome.ts';
import type { TranslationRequest } from './request.ts';

export class DatapathActions {
  readonly #commit: HeaderCommit;
  readonly #outcome: PacketOutcome;
  #list: DpAction[] = [];
  /** Of lists inside of it. */
  #innerCount = 0;
  /** No action has run but outputs, so no header can differ from the datapath's but tags. */
  isPlain: boolean;

  constructor({ context, state }: TranslationRequest, outcome: PacketOutcome) {
    const { abilities } = context;
    const { flow, base, mask } = context.scratch;
    const writesWhole = !abilities.has('masked_set_action');
    this.#commit = { flow, base, mask, writesWhole, actions: this.#list };
    this.#outcome = outcome;
    this.isPlain = state === undefined;
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

  /** Makes the datapath's packet what the pipeline says, where need be by the slow path. */
  commit(): void {
    if (this.isPlain) commitTags(this.#commit);
    else if (commit(this.#commit)) this.#outcome.slow('action');
  }

  /** Adds an action that acts on the packet as the pipeline says it is here. */
  act(action: DpAction): void {
    this.commit();
    this.push(action);
  }

  /** A header has come in front of the packet; it is pushed when the datapath next looks at the packet. */
  pend(header: PendingHeader): void {
    this.#commit.pending = header;
  }

  /** A header of that kind that is not pushed yet does not come; undefined where there is none. */
  takePending(kind: PendingHeader['kind']): PendingHeader | undefined {
    const { pending } = this.#commit;
    if (pending?.kind !== kind) return undefined;
    this.#commit.pending = undefined;
    return pending;
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
