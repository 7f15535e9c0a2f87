/** Whether a controller, once connected, has taken charge: what it said, or how long it has been there. */
import { type Ms, ms } from '../../base/units.ts';
import type { Message } from '../../openflow/messages/index.ts';

/** A controller that has been connected so long is in charge, whether or not it has said anything. */
export const admissionTime = ms(30_000);

/** Messages that say nothing of what is to become of packets. */
const asking: ReadonlySet<string> = new Set<Message['name']>([
  'HELLO',
  'ERROR',
  'ECHO_REQUEST',
  'ECHO_REPLY',
  'FEATURES_REQUEST',
  'FEATURES_REPLY',
  'GET_CONFIG_REQUEST',
  'GET_CONFIG_REPLY',
  'SET_CONFIG',
  'QUEUE_GET_CONFIG_REQUEST',
  'QUEUE_GET_CONFIG_REPLY',
  'GET_ASYNC_REQUEST',
  'GET_ASYNC_REPLY',
  'GROUP_REQUEST',
  'GROUP_REPLY',
  'GROUP_DESC_REQUEST',
  'GROUP_DESC_REPLY',
  'GROUP_FEATURES_REQUEST',
  'GROUP_FEATURES_REPLY',
  'TABLE_FEATURES_REQUEST',
  'TABLE_FEATURES_REPLY',
  'TABLE_DESC_REQUEST',
  'TABLE_DESC_REPLY',
]);

export class Admission {
  readonly #connectedAt: Ms;
  #hasDecided = false;

  constructor(now: Ms) {
    this.#connectedAt = now;
  }

  /** A message of that name has come; true where it is the one by which the controller takes charge. */
  take(name: string): boolean {
    if (this.#hasDecided || asking.has(name)) return false;
    this.#hasDecided = true;
    return true;
  }

  isGranted(now: Ms): boolean {
    return this.#hasDecided || now - this.#connectedAt >= admissionTime;
  }
}
