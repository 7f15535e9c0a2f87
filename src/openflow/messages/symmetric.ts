/** What either side may say at any time: OpenFlow 1.0.2 section 5.5, 1.5.1 section 7.5. */

import { hexDump } from '../../base/hex-dump.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Reader } from '../bytes.ts';
import { defineMessage, type MessageForm, type MessageText } from '../declare.ts';
import {
  type ErrorCode,
  type ErrorName,
  errorCode,
  errorNamed,
  OpenFlowError,
  warningsOf,
} from '../errors.ts';
import { versionText, type WireVersion } from '../versions.ts';

export interface Hello {
  /**
   * Versions that the sender can speak, by their numbers on the wire, of which this library need not know all;
   * undefined when it says no more than that of the message and all before.
   */
  readonly versions: readonly number[] | undefined;
  /** There is more in it than this library understands. */
  readonly hasMore?: true;
}

/** Element of a hello that lists versions as bits. */
const versionBitmap = 1;

const helloForm: MessageForm<Hello> = {
  wire: 'OFPT all 0',
  size: [0, 1],
  // Whoever is of a later version may say more than this one knows, so what makes no sense is passed over.
  decode(body) {
    let versions: readonly number[] | undefined;
    let isUnderstood = true;
    while (body.left >= 4) {
      const type = body.u16();
      const size = body.u16();
      const padded = size + (-size & 7);
      if (size < 4 || padded - 4 > body.left) return { versions, hasMore: true };
      const element = body.part(padded - 4);
      const bits = type === versionBitmap ? readBitmap(element, size) : 0;
      if (bits !== 0) versions = bitNumbers(bits);
      else isUnderstood = false;
    }
    return isUnderstood && body.left === 0 ? { versions } : { versions, hasMore: true };
  },
  encode({ versions }, to) {
    if (versions === undefined) return;
    to.u16(versionBitmap);
    to.u16(8);
    to.u32(versions.reduce((bits, version) => bits | (1 << version), 0));
  },
};

const warn = warningsOf('ofp_util');

/** Versions 1 to 31 as bits; 0 where there are none. `size` is that of the whole element. */
function readBitmap(element: Reader, size: number): number {
  if ((size & 3) !== 0 || size <= 4) return 0;
  const bits = element.u32();
  if ((bits & 1) !== 0) warn('peer claims to support invalid OpenFlow version 0x00');
  const versions = bits & ~1;
  if (versions === 0) warn('peer does not support any OpenFlow version (between 0x01 and 0x1f)');
  return versions;
}

function bitNumbers(bits: number): number[] {
  return Array.from({ length: 32 }, (_, n) => n).filter((n) => ((bits >>> n) & 1) !== 0);
}

export const hello = defineMessage('HELLO', [helloForm], ({ versions, hasMore }, { bytes }) => {
  const offered = versions ?? Array.from({ length: Math.min(bytes[0] ?? 0, 31) }, (_, n) => n + 1);
  const text = offered.map((version) => `0x${version.toString(16).padStart(2, '0')}`).join(', ');
  const rest = hasMore === true ? `\n unknown data in hello:\n${hexDump(bytes)}` : '';
  return `\n version bitmap: ${text}${rest}`;
});

export interface ErrorMessage {
  /** undefined for numbers that nobody knows. */
  readonly name: ErrorName | undefined;
  readonly numbers: ErrorCode;
  /** The head of the message that was wrong; text in a failed hello. */
  readonly data: Uint8Array;
}

/** Types that say that an experimenter's numbers follow. */
const nicira10 = { type: 0xb0c2, code: 0 } as const;
const experimenterType = 0xffff;

const log = logger('ofp_errors');
const notSaid = new LimitedSite({ perMinute: 1, burst: 5 });

/** An error that the version has no numbers for is told as one that cannot be told. */
function sayable(name: ErrorName, version: WireVersion): ErrorCode {
  const code = errorCode(name, version);
  if (code !== undefined) return code;
  log.limited('err', notSaid, `cannot encode ${name} for OpenFlow ${versionText(version)}`);
  return errorCode('NXBRC_UNENCODABLE_ERROR', version) ?? { experimenter: 0, type: 0, code: 0 };
}

const errorForm: MessageForm<ErrorMessage> = {
  wire: 'OFPT all 1',
  size: [4, 1],
  decode(body, version): ErrorMessage {
    const type = body.u16();
    const code = body.u16();
    let numbers: ErrorCode = { experimenter: 0, type, code };
    if (type === nicira10.type && code === nicira10.code) {
      numbers = { experimenter: body.u32(), type: body.u16(), code: body.u16() };
    } else if (type === experimenterType) {
      numbers = { experimenter: body.u32(), type: code, code: undefined };
    }
    return { name: errorNamed(numbers, version), numbers, data: body.octets(body.left) };
  },
  encode({ name, numbers, data }, to, version) {
    const { experimenter, type, code } = name === undefined ? numbers : sayable(name, version);
    if (experimenter === 0) {
      to.u16(type);
      to.u16(code ?? 0);
    } else if (version < 3) {
      to.u16(nicira10.type);
      to.u16(nicira10.code);
      to.u32(experimenter);
      to.u16(type);
      to.u16(code ?? 0);
    } else {
      to.u16(experimenterType);
      to.u16(type);
      to.u32(experimenter);
    }
    to.octets(data);
  },
};

/** Errors whose data is text. */
const ofHello: readonly (ErrorName | undefined)[] = ['OFPHFC_INCOMPATIBLE', 'OFPHFC_EPERM'];

export const error = defineMessage('ERROR', [errorForm], ({ name, data }, { nested }) => {
  if (name === undefined) throw new OpenFlowError('OFPBRC_BAD_LEN', 'an error that nobody knows');
  return ` ${name}\n${ofHello.includes(name) ? printable(data) : nested(data, 1)}`;
});

/** Bytes that are not printable in octal, as C would have them. */
function printable(bytes: Uint8Array): string {
  const text = (byte: number): string => {
    const character = String.fromCharCode(byte);
    return /^[ -~]$/.test(character) && !'\\"'.includes(character)
      ? character
      : `\\${byte.toString(8).padStart(3, '0')}`;
  };
  return Array.from(bytes, text).join('');
}

export interface Echo {
  /** Comes back as it was sent. */
  readonly data: Uint8Array;
}

function echo(number: 2 | 3): MessageForm<Echo> {
  return {
    wire: `OFPT all ${number}`,
    size: [0, 1],
    decode: (body) => ({ data: body.octets(body.left) }),
    encode: ({ data }, to) => to.octets(data),
  };
}

function formatEcho({ data }: Echo, { verbosity }: MessageText): string {
  return ` ${data.length} bytes of payload\n${verbosity > 1 ? hexDump(data) : ''}`;
}

export const echoRequest = defineMessage('ECHO_REQUEST', [echo(2)], formatEcho);
export const echoReply = defineMessage('ECHO_REPLY', [echo(3)], formatEcho);
