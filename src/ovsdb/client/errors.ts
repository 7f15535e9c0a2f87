/** What a client's connection comes to. */
import { VswitchError } from '../../base/errors.ts';

/**
 * There is no connection, or it went before the answer came: a transaction that was under way may or may not have been
 * done.
 */
export class Disconnected extends VswitchError {
  override readonly name = 'Disconnected';
  override readonly code = 'DISCONNECTED';
}
