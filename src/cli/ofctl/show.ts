/** How messages are shown: as text, or each as a line of JSON (docs/openflow-json.md). */
import { messageJson, type PlainValue } from '../../openflow/text/json.ts';
import { formatMessage } from '../../openflow/text/messages.ts';
import type { OfctlContext } from './context.ts';
import { type NameText, numbersOnly } from './names.ts';

/** Ends in a newline. `verbosity` is what the command shows by itself, besides -m. `time` stands before the text. */
export function shownMessage(
  { verbosity: more, paint, isJson }: Pick<OfctlContext, 'verbosity' | 'paint' | 'isJson'>,
  bytes: Uint8Array,
  verbosity: number,
  names: NameText = numbersOnly,
  time = '',
): string {
  if (isJson !== true) return `${time}${formatMessage(bytes, more + verbosity, { ...names, paint })}`;
  const message = messageJson(bytes, names);
  return jsonLine(time === '' ? message : { time: time.replace(/: $/, ''), ...message });
}

export function jsonLine(value: PlainValue): string {
  return `${JSON.stringify(value)}\n`;
}
