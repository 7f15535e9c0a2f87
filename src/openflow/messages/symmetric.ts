/** What either side may say at any time: OpenFlow 1.0.2 section 5.5, 1.5.1 section 7.5. */

import { defineMessage, type MessageForm } from '../declare.ts';
import { type ErrorCode, type ErrorName, errorCode, errorNamed } from '../errors.ts';
import { allVersions, type WireVersion } from '../versions.ts';

export interface Hello {
  /** Versions that the sender can speak; undefined when it says no more than that of the message and all before. */
  readonly versions: readonly WireVersion[] | undefined;
}

/** Element of a hello that lists versions as bits. */
const versionBitmap = 1;

export const hello = defineMessage('HELLO', {
  wire: 'OFPT all 0',
  size: [0, 1],
  decode(body): Hello {
    let versions: readonly WireVersion[] | undefined;
    // Whoever is of a later version may say more than this one knows, so what makes no sense is passed over.
    while (body.left >= 4) {
      const type = body.u16();
      const size = body.u16();
      if (size < 4 || size - 4 > body.left) break;
      const element = body.part(size - 4);
      if (type === versionBitmap && element.left >= 4) {
        const bits = element.u32();
        versions = allVersions.filter((version) => ((bits >>> version) & 1) !== 0);
      }
      body.skip(Math.min(body.left, -size & 7));
    }
    return { versions };
  },
  encode({ versions }, to) {
    if (versions === undefined) return;
    to.u16(versionBitmap);
    to.u16(8);
    to.u32(versions.reduce((bits, version) => bits | (1 << version), 0));
  },
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

export const error = defineMessage('ERROR', {
  wire: 'OFPT all 1',
  size: [4, 1],
  decode(body, version): ErrorMessage {
    const type = body.u16();
    const code = body.u16();
    let numbers: ErrorCode = { experimenter: 0, type, code };
    if (version < 3 && type === nicira10.type && code === nicira10.code) {
      numbers = { experimenter: body.u32(), type: body.u16(), code: body.u16() };
    } else if (version >= 3 && type === experimenterType) {
      numbers = { experimenter: body.u32(), type: code, code: undefined };
    }
    return { name: errorNamed(numbers, version), numbers, data: body.octets(body.left) };
  },
  encode({ name, numbers, data }, to, version) {
    const { experimenter, type, code } =
      (name === undefined ? undefined : errorCode(name, version)) ?? numbers;
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
});

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

export const echoRequest = defineMessage('ECHO_REQUEST', echo(2));
export const echoReply = defineMessage('ECHO_REPLY', echo(3));
