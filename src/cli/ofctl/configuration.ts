/** What becomes of fragments, and whether a target answers: get-frags, set-frags, probe, ping. */
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { Fatal } from '../../daemon/program.ts';
import type { Connection } from '../../openflow/connection.ts';
import { fragmentHandlings, type SwitchConfig } from '../../openflow/messages/configuration.ts';
import type { ReplyTo } from '../../openflow/replies.ts';
import { perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { openTarget } from './protocol.ts';
import { during } from './target.ts';

/** What `get-frags SWITCH` does. */
export async function getFragments(context: OfctlContext, [target = '']: readonly string[]): Promise<void> {
  const { fragments } = await fetchConfig(await openTarget(context, target));
  context.print(`${fragments}\n`);
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

async function fetchConfig(connection: Connection): Promise<SwitchConfig> {
  const request = { name: 'GET_CONFIG_REQUEST', value: undefined } as const;
  const { value } = await during(`talking to ${connection.name}`, connection.request(request));
  return value;
}

/** What `probe TARGET` does. */
export async function probe(context: OfctlContext, [target = '']: readonly string[]): Promise<void> {
  const connection = await openTarget(context, target);
  const { value } = await echo(connection, new Uint8Array(), `talking to ${target}`);
  if (value.data.length !== 0) throw new Fatal('reply does not match request');
}

const mostPayload = 65_527;
const usualPayload = 64;
const pingCount = 10;

/** What `ping TARGET [BYTES]` does. */
export async function ping(
  context: OfctlContext,
  [target = '', text = String(usualPayload)]: readonly string[],
): Promise<void> {
  const size = Number.parseInt(text, 10) || 0;
  if (size < 0 || size > mostPayload) throw new Fatal(`payload must be between 0 and ${mostPayload} bytes`);
  const connection = await openTarget(context, target);
  for (let n = 0; n < pingCount; n++) {
    const data = Uint8Array.from({ length: size }, () => systemRandom.u32() & 0xff);
    const start = systemClock.now();
    const { value, xid } = await echo(connection, data, 'transact');
    const time = (systemClock.now() - start).toFixed(1);
    if (Buffer.compare(value.data, data) !== 0) throw new Fatal('reply does not match request');
    const number = xid.toString(16).padStart(8, '0');
    context.print(`${value.data.length} bytes from ${target}: xid=${number} time=${time} ms\n`);
  }
}

function echo(connection: Connection, data: Uint8Array, what: string): Promise<ReplyTo<'ECHO_REQUEST'>> {
  return during(what, connection.request({ name: 'ECHO_REQUEST', value: { data } }));
}
