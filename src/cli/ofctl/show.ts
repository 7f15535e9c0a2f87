/** How messages are shown. */
import { formatMessage } from '../../openflow/text/messages.ts';
import type { OfctlContext } from './context.ts';
import { type NameText, numbersOnly } from './names.ts';

/** Ends in a newline. `verbosity` is what the command shows by itself, besides -m. */
export function messageText(
  { verbosity: more, paint }: Pick<OfctlContext, 'verbosity' | 'paint'>,
  bytes: Uint8Array,
  verbosity: number,
  names: NameText = numbersOnly,
): string {
  return formatMessage(bytes, more + verbosity, { ...names, paint });
}
