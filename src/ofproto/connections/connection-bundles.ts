/** The bundles that one connection has open: OpenFlow 1.4.1 section 6.8 and 7.3.9. */
import { OpenFlowError } from '../../openflow/errors.ts';
import { MessageStore } from './message-store.ts';

/** The messages of a bundle in order, and the bytes that an error about one repeats. */
export interface BundledMessages<M> {
  readonly messages: readonly M[];
  readonly bytes: MessageStore;
}

interface OpenBundle<M> extends BundledMessages<M> {
  /** Bits: 1 atomic, 2 ordered. */
  readonly flags: number;
  isClosed: boolean;
  readonly messages: M[];
}

export class ConnectionBundles<M> {
  readonly #open = new Map<number, OpenBundle<M>>();

  /** Throws OpenFlowError, as all of them. */
  open(id: number, flags: number): void {
    if (this.#open.has(id)) throw new OpenFlowError('OFPBFC_BAD_ID', `bundle ${id} is open already`);
    this.#open.set(id, { flags, isClosed: false, messages: [], bytes: new MessageStore() });
  }

  close(id: number, flags: number): void {
    const bundle = this.#find(id);
    if (bundle.isClosed) throw this.#lost(id, 'OFPBFC_BUNDLE_CLOSED', 'is closed already');
    if (bundle.flags !== flags) throw this.#lost(id, 'OFPBFC_BAD_FLAGS', 'had other flags');
    bundle.isClosed = true;
  }

  discard(id: number): void {
    this.#find(id);
    this.#open.delete(id);
  }

  /** A bundle that nobody opened is opened by its first message. */
  add(id: number, flags: number, message: M, bytes: Uint8Array): void {
    if (!this.#open.has(id)) this.open(id, flags);
    const bundle = this.#find(id);
    if (bundle.isClosed) throw this.#lost(id, 'OFPBFC_BUNDLE_CLOSED', 'is closed');
    if (bundle.flags !== flags) throw this.#lost(id, 'OFPBFC_BAD_FLAGS', 'has other flags');
    bundle.messages.push(message);
    bundle.bytes.push(bytes);
  }

  /** Its messages, in order; the bundle is over. */
  take(id: number, flags: number): BundledMessages<M> {
    const bundle = this.#find(id);
    this.#open.delete(id);
    if (bundle.flags !== flags) throw new OpenFlowError('OFPBFC_BAD_FLAGS', `bundle ${id} has other flags`);
    return bundle;
  }

  #find(id: number): OpenBundle<M> {
    const bundle = this.#open.get(id);
    if (bundle === undefined) throw new OpenFlowError('OFPBFC_BAD_ID', `there is no bundle ${id}`);
    return bundle;
  }

  /** What is wrong with a bundle ends it. */
  #lost(id: number, name: 'OFPBFC_BUNDLE_CLOSED' | 'OFPBFC_BAD_FLAGS', why: string): OpenFlowError {
    this.#open.delete(id);
    return new OpenFlowError(name, `bundle ${id} ${why}`);
  }
}
