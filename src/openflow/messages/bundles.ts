/**
 * Changes that are made together or not at all, and changes that others are told of: OpenFlow 1.4.1 section 7.3.9 and
 * 7.4.6.
 */
import { hexOrZero } from '../../base/numbers.ts';
import type { Reader } from '../bytes.ts';
import { defineMessage, type InnerMessages, type MessageForm, type WirePlace } from '../declare.ts';
import { type ErrorName, OpenFlowError, refusalsOf } from '../errors.ts';
import { pad, struct, u16, u32 } from '../layout.ts';
import { type BitNames, formatBits } from './text.ts';

const types = [
  'open_request',
  'open_reply',
  'close_request',
  'close_reply',
  'commit_request',
  'commit_reply',
  'discard_request',
  'discard_reply',
] as const;

export interface BundleControl {
  readonly bundle: number;
  /** A number for types that nobody knows. */
  readonly type: (typeof types)[number] | number;
  /** Bits: 1 atomic, 2 ordered. */
  readonly flags: number;
}

const layout = struct({ bundle: u32, type: u16, flags: u16 });
const flagNames: BitNames = ['atomic', 'ordered'];

function controlForm(wire: WirePlace): MessageForm<BundleControl> {
  return {
    wire,
    size: [layout.size, 8],
    decode(body) {
      const { type, ...rest } = layout.read(body);
      return { type: types[type] ?? type, ...rest };
    },
    encode: (value, to) => {
      const { type } = value;
      layout.write(to, { ...value, type: typeof type === 'number' ? type : types.indexOf(type) });
    },
  };
}

function formatHead(bundle: number, flags: number, type = ''): string {
  return `\n bundle_id=${hexOrZero(bundle)}${type} flags=${formatBits(flags, flagNames)}`;
}

export const bundleControl = defineMessage(
  'BUNDLE_CONTROL',
  [controlForm('OFPT 1.4+ 33'), controlForm('ONFT 1.3 2300')],
  ({ bundle, type, flags }) =>
    formatHead(bundle, flags, ` type=${typeof type === 'number' ? '' : type.toUpperCase()}`),
);

export interface BundleAdd {
  readonly bundle: number;
  /** Bits: 1 atomic, 2 ordered. */
  readonly flags: number;
  /** A whole message, with the same version and transaction as the one around it. */
  readonly message: Uint8Array;
}

const addLayout = struct({ bundle: u32, pad: pad(2), flags: u16 });
const mayBeBundled: readonly string[] = ['PORT_MOD', 'FLOW_MOD', 'GROUP_MOD', 'PACKET_OUT'];
const headerSize = 8;

/** A message inside of `body`, which may have more behind. */
function readInner(body: Reader): Uint8Array {
  const size = body.left < headerSize ? 0 : body.peekU16(2);
  if (size < headerSize || size > body.left)
    throw new OpenFlowError('OFPBFC_MSG_BAD_LEN', `a message of ${size} bytes, ${body.left} are left`);
  return body.view(size);
}

function checkVersion(body: Reader, error: ErrorName): void {
  const [inner, outer] = [body.bytes[body.at], body.bytes[0]];
  if (body.left >= headerSize && inner !== outer)
    throw new OpenFlowError(error, `a message of version ${inner} in one of version ${outer}`);
}

function addForm(wire: WirePlace): MessageForm<BundleAdd> {
  return {
    wire,
    size: [addLayout.size, 1],
    decode(body, _version, { nameOf }) {
      const { bundle, flags } = addLayout.read(body);
      checkVersion(body, 'OFPBFC_BAD_VERSION');
      const message = readInner(body);
      const isSame = message.subarray(4, headerSize).every((byte, n) => byte === body.bytes[4 + n]);
      if (!isSame) throw new OpenFlowError('OFPBFC_MSG_BAD_XID', 'a message of another transaction');
      checkBundled(message, nameOf);
      return { bundle, flags, message };
    },
    encode({ bundle, flags, message }, to) {
      addLayout.write(to, { bundle, flags });
      to.octets(message);
    },
  };
}

const refused = refusalsOf('ofp_bundle');

/** Throws OpenFlowError for a message that may not be in a bundle. */
function checkBundled(message: Uint8Array, nameOf: InnerMessages['nameOf']): void {
  const around = 'OFPT14_BUNDLE_ADD_MESSAGE';
  let inner: ReturnType<typeof nameOf>;
  try {
    inner = nameOf(message);
  } catch (error) {
    if (!(error instanceof OpenFlowError)) throw error;
    throw refused('OFPBFC_MSG_UNSUP', `${around} contained message is unparsable (${error.errorName})`);
  }
  if (!mayBeBundled.includes(inner.name))
    throw refused('OFPBFC_MSG_UNSUP', `${inner.printed} message not allowed inside ${around}`);
}

export const bundleAddMessage = defineMessage(
  'BUNDLE_ADD_MESSAGE',
  [addForm('OFPT 1.4+ 34'), addForm('ONFT 1.3 2301')],
  ({ bundle, flags, message }, { nested, verbosity }) =>
    `${formatHead(bundle, flags)}\n${nested(message, verbosity)}`,
);

export interface RequestForward {
  /** The whole message of the other controller: a GROUP_MOD or METER_MOD. */
  readonly message: Uint8Array;
}

const forwarded = { GROUP_MOD: 'group_mod', METER_MOD: 'meter_mod' } as const;

function forwardForm(wire: WirePlace): MessageForm<RequestForward> {
  return {
    wire,
    size: [headerSize, 8],
    decode(body, _version, { nameOf, check }) {
      const copy = body.at;
      const message = readInner(body);
      body.at = copy;
      checkVersion(body, 'OFPBRC_BAD_VERSION');
      if (!(nameOf(message).name in forwarded))
        throw new OpenFlowError('OFPBFC_MSG_UNSUP', 'a message that nobody is told of');
      check(message);
      return { message };
    },
    encode: ({ message }, to) => to.octets(message),
  };
}

export const requestForward = defineMessage(
  'REQUESTFORWARD',
  [forwardForm('OFPT 1.4+ 32'), forwardForm('NXT 1.0-1.2 132'), forwardForm('ONFT 1.3 2350')],
  ({ message }, { nested }) => {
    const text = nested(message, 1);
    const end = text.indexOf('):') + 2; // behind the head
    const isMeter = text.startsWith('OFPT_METER_MOD');
    return ` reason=${forwarded[isMeter ? 'METER_MOD' : 'GROUP_MOD']}${text.slice(end)}`;
  },
);
