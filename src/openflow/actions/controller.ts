/** Packets to controllers, with more than an output to them can say: Nicira's controller and controller2. */
import { keyValues } from '../../flow/key-values.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { reservedPorts } from '../ports.ts';
import { checkZero, formatDotted, readDotted, readU32, readUnsigned, wrong } from './arguments.ts';
import { type AnyAction, defineAction, instead } from './declare.ts';
import { output } from './output-actions.ts';

interface Controller {
  /** Bytes of the packet. */
  readonly maxLength: number;
  /** Of the connection that gets it; 0 is what controllers have that did not ask for another. */
  readonly controller: number;
  /** Number of the reason that the packet-in gives. */
  readonly reason: number;
  /** Comes back with the packet. */
  readonly userData: Uint8Array;
  /** The pipeline waits until the controller resumes the packet. */
  readonly pauses: boolean;
  readonly meter: number | undefined;
  /** In the form that has properties, though the other would do. */
  readonly hasProperties: boolean;
}

const wholePacket = 0xffff;
const actionReason = 1;
/** Numbers of reasons by their place; the two of a table miss have no name. */
const reasons = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out', '', ''];

const defaults: Controller = {
  maxLength: wholePacket,
  controller: 0,
  reason: actionReason,
  userData: new Uint8Array(0),
  pauses: false,
  meter: undefined,
  hasProperties: false,
};

const property = { maxLength: 0, controller: 1, reason: 2, userData: 3, pause: 4, meter: 5 } as const;
const experimenterProperties = 0xffff;
const noMeter = 0xffffffff;

function needsProperties({ userData, pauses, meter, hasProperties }: Controller): boolean {
  return userData.length > 0 || pauses || meter !== undefined || hasProperties;
}

function decodeProperties(body: Reader): Controller {
  let value: Controller = { ...defaults, hasProperties: true };
  while (body.left > 0) {
    if (body.left < 4) throw badLength(`${body.left} bytes where a property begins`);
    const type = body.u16();
    const size = body.u16();
    const padded = Math.ceil(size / 8) * 8;
    if (size < 4 || padded - 4 > body.left) throw badLength(`a property of ${size} bytes`);
    const payload = body.part(size - 4, 'OFPBPC_BAD_LEN');
    body.skip(padded - size);
    value = { ...value, ...decodeProperty(type, payload) };
  }
  return value;
}

function badLength(why: string): OpenFlowError {
  return new OpenFlowError('OFPBPC_BAD_LEN', why);
}

function decodeProperty(type: number, payload: Reader): Partial<Controller> {
  switch (type) {
    case property.maxLength:
      return { maxLength: payload.u16() };
    case property.controller:
      return { controller: payload.u16() };
    case property.reason:
      return { reason: payload.u8() };
    case property.userData:
      return { userData: payload.octets(payload.left) };
    case property.pause:
      return { pauses: true };
    case property.meter: {
      const meter = payload.u32();
      return { meter: meter === noMeter ? undefined : meter };
    }
    case experimenterProperties:
      if (payload.left < 8) throw badLength('an experimenter property without its type');
      if (payload.u32() === 0) throw new OpenFlowError('OFPBPC_BAD_EXPERIMENTER', 'experimenter 0');
      throw new OpenFlowError('OFPBPC_BAD_EXP_TYPE', 'a property of an experimenter');
    default:
      throw new OpenFlowError('OFPBPC_BAD_TYPE', `property ${type} of a controller action`);
  }
}

/** Eight bytes, of which those behind `size` do not count. */
function encodeNumber(to: Writer, type: number, size: number, write: () => void): void {
  const start = to.size;
  to.u16(type);
  to.u16(size);
  write();
  to.pad(start);
}

/** A property that is there, or not. */
function encodePause(to: Writer): void {
  to.u16(property.pause);
  to.u16(4);
  to.room(4);
}

function encodeUserData(to: Writer, userData: Uint8Array): void {
  const start = to.size;
  to.u16(property.userData);
  to.u16(4 + userData.length);
  to.octets(userData);
  to.pad(start);
}

export const controller = defineAction('controller', {
  forms: [
    {
      wire: 'NX 1.0+ 20',
      size: () => [6, 0],
      decode: (body): Controller => ({
        ...defaults,
        maxLength: body.u16(),
        controller: body.u16(),
        reason: body.u8(),
      }),
      encode(value, to) {
        to.u16(value.maxLength);
        to.u16(value.controller);
        to.u8(value.reason);
      },
      canSay: (value) => !needsProperties(value),
    },
    {
      wire: 'NX 1.0+ 37',
      size: () => [6, 8],
      decode(body): Controller {
        checkZero(body.octets(6));
        return decodeProperties(body);
      },
      encode(value, to) {
        to.room(6);
        const { maxLength, reason, userData, pauses, meter, controller: id } = value;
        if (maxLength !== wholePacket) encodeNumber(to, property.maxLength, 8, () => to.u16(maxLength));
        if (id !== 0) encodeNumber(to, property.controller, 8, () => to.u16(id));
        if (reason !== actionReason) encodeNumber(to, property.reason, 5, () => to.u8(reason));
        if (userData.length > 0) encodeUserData(to, userData);
        if (pauses) encodePause(to);
        if (meter !== undefined) encodeNumber(to, property.meter, 8, () => to.u32(meter));
      },
    },
  ],
  words: ['controller'],
  read(text): Controller | AnyAction {
    const value = /^\d+$/.test(text)
      ? { ...defaults, maxLength: readUnsigned(text, 16, 'max_len') }
      : readArguments(text);
    const { maxLength, reason, controller: id } = value;
    const isPlain =
      !needsProperties(value) && !/\buserdata\b/.test(text) && reason === actionReason && id === 0;
    return isPlain ? instead(output, { port: reservedPorts.CONTROLLER, maxLength }) : value;
  },
  format(value) {
    const { maxLength, reason, userData, pauses, meter, controller: id } = value;
    const isPlain = reason === actionReason && id === 0 && userData.length === 0 && !pauses;
    if (isPlain && meter === undefined) return `CONTROLLER:${maxLength}`;
    const parts = [
      reason === actionReason ? '' : `reason=${reasons[reason] ?? reason}`,
      maxLength === wholePacket ? '' : `max_len=${maxLength}`,
      id === 0 ? '' : `id=${id}`,
      userData.length === 0 ? '' : `userdata=${formatDotted(userData)}`,
      pauses ? 'pause' : '',
      meter === undefined ? '' : `meter_id=${meter}`,
    ];
    return `controller(${parts.filter((part) => part !== '').join(',')})`;
  },
});

function readArguments(text: string): Controller {
  let value = defaults;
  for (const { name, value: given } of keyValues(text)) value = { ...value, ...readArgument(name, given) };
  return value;
}

function readArgument(name: string, text: string): Partial<Controller> {
  switch (name) {
    case 'reason': {
      const reason = reasons.indexOf(text.toLowerCase());
      if (reason < 0) throw wrong(`unknown reason "${text}"`);
      return { reason };
    }
    case 'max_len':
      return { maxLength: readUnsigned(text, 16, 'max_len') };
    case 'id':
      return { controller: readUnsigned(text, 16, 'id') };
    case 'userdata': {
      const userData = readDotted(text);
      if (userData === undefined) throw wrong("bad hex digit in `controller' action `userdata'");
      return { userData };
    }
    case 'pause':
      return { pauses: true };
    case 'meter_id': {
      const meter = readU32(text);
      return { meter: meter === noMeter ? undefined : meter };
    }
    default:
      throw wrong(`unknown key "${name}" parsing controller action`);
  }
}
