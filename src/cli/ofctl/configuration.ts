/** What becomes of fragments, and whether a target answers: get-frags, set-frags, probe, ping. */
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { Fatal } from '../../daemon/program.ts';
import { headerSize } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import { ErrorReply, type ReplyTo } from '../../openflow/connection/replies.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { fragmentHandlings, type SwitchConfig } from '../../openflow/messages/configuration.ts';
import { perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { openTarget } from './protocol.ts';
import { jsonLine } from './show.ts';
import { during } from './target.ts';

/** What `get-frags SWITCH` does. */
export async function getFragments(context: OfctlContext, [target = '']: readonly string[]): Promise<void> {
  const { fragments } = await fetchConfig(await openTarget(context, target));
  context.print(context.isJson === true ? jsonLine({ fragments }) : `${fragments}\n`);
}

/** What `set-frags SWITCH MODE` does. */
export async function setFragments(
  context: OfctlContext,
  [target = '', mode = '']: readonly string[],
): Promise<void> {
  const fragments = fragmentHandlings.find((known) => known === mode.toLowerCase());
  if (fragments === undefined) throw new Fatal(`${mode}: unknown fragment handling mode`);
  const connection = await openTarget(context, target);
  const config = await fetchConfig(connection);
  if (config.fragments === fragments) return;
  await perform(context, target, connection, { name: 'SET_CONFIG', value: { ...config, fragments } });
  // Switches do not always say that they cannot.
  const { fragments: now } = await fetchConfig(connection);
  if (now !== fragments)
    throw new Fatal(
      `${target}: setting fragment handling mode failed (this switch probably doesn't support mode "${fragments}")`,
    );
}

/** Throws Fatal. */
export async function fetchConfig(connection: Connection): Promise<SwitchConfig> {
  const request = { name: 'GET_CONFIG_REQUEST', value: undefined } as const;
  try {
    const { value } = await during(`talking to ${connection.name}`, connection.request(request));
    return value;
  } catch (why) {
    if (!(why instanceof ErrorReply || why instanceof OpenFlowError)) throw why;
    throw new Fatal(`${connection.name}: bad reply to config request`);
  }
}

/** What `probe TARGET` does. */
export async function probe(context: OfctlContext, [target = '']: readonly string[]): Promise<void> {
  const connection = await openTarget(context, target);
  const { value } = await echo(connection, new Uint8Array(), `talking to ${target}`);
  if (value.data.length !== 0) throw new Fatal('reply does not match request');
  if (context.isJson === true) context.print(jsonLine({ target, answers: true }));
}

const mostPayload = 65_527;
const usualPayload = 64;
const pingCount = 10;

/** What is told of an echo. */
interface Pong {
  readonly bytes: number;
  readonly target: string;
  readonly xid: number;
  readonly milliseconds: number;
}

/** What `ping TARGET [BYTES]` does. */
export async function ping(
  context: OfctlContext,
  [target = '', text = String(usualPayload)]: readonly string[],
): Promise<void> {
  const size = readSize(text);
  const connection = await openTarget(context, target);
  for (let n = 0; n < pingCount; n++) {
    const data = Uint8Array.from({ length: size }, () => systemRandom.u32() & 0xff);
    const start = systemClock.now();
    const { value, xid } = await echo(connection, data, 'transact');
    const time = systemClock.now() - start;
    if (Buffer.compare(value.data, data) !== 0) throw new Fatal('reply does not match request');
    const said = { bytes: value.data.length, target, xid, milliseconds: Number(time.toFixed(3)) };
    context.print(context.isJson === true ? jsonLine(said) : pingText(said));
  }
}

function pingText({ bytes, target, xid, milliseconds }: Pong): string {
  const number = xid.toString(16).padStart(8, '0');
  return `${bytes} bytes from ${target}: xid=${number} time=${milliseconds.toFixed(1)} ms\n`;
}

function echo(connection: Connection, data: Uint8Array, what: string): Promise<ReplyTo<'ECHO_REQUEST'>> {
  return during(what, connection.request({ name: 'ECHO_REQUEST', value: { data } }));
}

/** What `benchmark TARGET SIZE COUNT` does. */
export async function benchmark(
  context: OfctlContext,
  [target = '', sizeText = '', countText = '']: readonly string[],
): Promise<void> {
  const size = readSize(sizeText);
  const count = Number.parseInt(countText, 10) || 0;
  const messageSize = headerSize + size;
  const printText = (text: string): void => (context.isJson === true ? undefined : context.print(text));
  printText(
    `Sending ${count} packets * ${messageSize} bytes (with header) = ${(count * messageSize) >>> 0} bytes total\n`,
  );
  const connection = await openTarget(context, target);
  const data = new Uint8Array(size);
  const start = systemClock.now();
  for (let n = 0; n < count; n++) await echo(connection, data, 'transact');
  const time = systemClock.now() - start;
  const rate = (amount: number): string => (amount / (time / 1000)).toFixed(0);
  printText(
    `Finished in ${time.toFixed(1)} ms (${rate(count)} packets/s) (${rate(count * messageSize)} bytes/s)\n`,
  );
  if (context.isJson === true)
    context.print(jsonLine({ packets: count, bytes: messageSize, milliseconds: Number(time.toFixed(3)) }));
}

/** Throws Fatal. */
function readSize(text: string): number {
  const size = Number.parseInt(text, 10) || 0;
  if (size < 0 || size > mostPayload) throw new Fatal(`payload must be between 0 and ${mostPayload} bytes`);
  return size;
}
