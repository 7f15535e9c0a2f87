/** The state of a packet that waits for a controller, as the reference puts it into NXT_PACKET_IN2. */
import { decodeActions, formatActions } from '../action-codec.ts';
import type { Action } from '../actions/index.ts';
import { Reader } from '../bytes.ts';
import type { MessageText } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { readProperty, readWord } from '../properties.ts';

const property = {
  bridge: 0x8000,
  stack: 0x8001,
  mirrors: 0x8002,
  tracked: 0x8003,
  table: 0x8004,
  cookie: 0x8005,
  actions: 0x8006,
  actionSet: 0x8007,
  datapathPort: 0x8008,
} as const;

const subvalueSize = 128;

/** A line for each thing that is in it. Throws OpenFlowError. */
export function formatContinuation(
  bytes: Uint8Array,
  { version, ports, tables, paint }: MessageText,
): string {
  const from = new Reader(bytes, 'OFPBPC_BAD_LEN');
  const format = (list: readonly Action[]): string => formatActions(list, { ports, tables, paint });
  let bridge = '';
  const stack: string[] = [];
  let mirrors = 0;
  let isTracked = false;
  let table = 0;
  let cookie = 0n;
  const actions: string[] = [];
  let actionSet = '';
  let port = 0;
  while (from.left > 0) {
    const read = readProperty(from);
    const { experimenter, type, body } = read;
    if (experimenter !== 0) continue;
    const innerActions = (): Action[] => {
      body.skip(4);
      return decodeActions(body, version);
    };
    if (type === property.bridge) bridge = uuidText(sized(body, 16));
    else if (type === property.stack) stack.push(stackText(body));
    else if (type === property.mirrors) mirrors = readWord(read);
    else if (type === property.tracked) isTracked = true;
    else if (type === property.table) table = body.u8();
    else if (type === property.cookie) cookie = readLong(body);
    else if (type === property.datapathPort) port = readWord(read);
    else if (type === property.actionSet) actionSet = format(innerActions());
    else if (type === property.actions) {
      const list = innerActions();
      const after = list.length === 0 ? '' : `,${format(list)}`;
      actions.push(`unroll_xlate(table=${tables.format(table)}, cookie=${cookie})${after}`);
    }
  }
  const line = (name: string, value: string): string =>
    value === '' ? '' : ` continuation.${name}=${value}\n`;
  return [
    line('bridge', bridge),
    line('stack', stack.length === 0 ? '' : `(top) ${stack.join(' ')} (bottom)`),
    line('mirrors', mirrors === 0 ? '' : `0x${mirrors.toString(16)}`),
    line('conntracked', isTracked ? 'true' : ''),
    line('actions', actions.join(',')),
    line('action_set', actionSet),
    line('odp_port', port === 0 ? '' : String(port)),
  ].join('');
}

function sized(body: Reader, size: number): Uint8Array {
  if (body.left !== size) throw new OpenFlowError('OFPBPC_BAD_LEN', `a property of ${body.left} bytes`);
  return body.octets(size);
}

function readLong(body: Reader): bigint {
  if (body.left !== 12) throw new OpenFlowError('OFPBPC_BAD_LEN', `a number in ${body.left} bytes`);
  body.skip(4);
  return body.u64();
}

/** Four words in the order of a little-endian host, as the reference has them in its memory. */
function uuidText(bytes: Uint8Array): string {
  const words = [0, 4, 8, 12].map((at) => bytes.slice(at, at + 4).reverse());
  const hex = Buffer.concat(words).toString('hex');
  return /^0*$/.test(hex) ? '' : hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A value of any size as a number. */
function stackText(body: Reader): string {
  if (body.left > subvalueSize) throw new OpenFlowError('OFPBPC_BAD_LEN', `${body.left} bytes on the stack`);
  const digits = Buffer.from(body.octets(body.left)).toString('hex').replace(/^0+/, '');
  return `0x${digits || '0'}`;
}
