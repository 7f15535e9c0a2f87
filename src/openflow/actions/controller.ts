/** Packets to controllers, with more than an output to them can say: Nicira's controller and controller2. */
import { keyValues } from '../../flow/key-values.ts';
import type { Reader } from '../bytes.ts';
import { packetInReasons } from '../packet-in-reasons.ts';
import { reservedPorts } from '../ports.ts';
import {
  type Property,
  readProperties,
  readShort,
  readWord,
  unknownPropertyOf,
  writeProperty,
  writeShort,
  writeWord,
} from '../properties.ts';
import { checkZero, formatDotted, readDotted, readU32, readUnsigned, wrong } from './arguments.ts';
import { type AnyAction, defineAction, instead } from './declare.ts';
import { output } from './output-actions.ts';

export interface ControllerArguments {
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
/** By their numbers; the two of a table miss have no name here. */
const reasons: readonly string[] = [...packetInReasons, '', ''];

const defaults: ControllerArguments = {
  maxLength: wholePacket,
  controller: 0,
  reason: actionReason,
  userData: new Uint8Array(0),
  pauses: false,
  meter: undefined,
  hasProperties: false,
};

const property = { maxLength: 0, controller: 1, reason: 2, userData: 3, pause: 4, meter: 5 } as const;
const noMeter = 0xffffffff;
const unknownProperty = unknownPropertyOf('ofp_actions', 'NXAST_CONTROLLER2');

function needsProperties({ userData, pauses, meter, hasProperties }: ControllerArguments): boolean {
  return userData.length > 0 || pauses || meter !== undefined || hasProperties;
}

function decodeProperties(body: Reader): ControllerArguments {
  let value: ControllerArguments = { ...defaults, hasProperties: true };
  readProperties(
    body,
    (read) => {
      const known = decodeProperty(read);
      if (known === undefined) return false;
      value = { ...value, ...known };
      return true;
    },
    unknownProperty,
  );
  return value;
}

/** undefined for one that nobody knows. */
function decodeProperty(read: Property): Partial<ControllerArguments> | undefined {
  if (read.experimenter !== 0) return undefined;
  switch (read.type) {
    case property.maxLength:
      return { maxLength: readShort(read) };
    case property.controller:
      return { controller: readShort(read) };
    case property.reason:
      return { reason: read.body.u8() };
    case property.userData:
      return { userData: read.body.octets(read.body.left) };
    case property.pause:
      return { pauses: true };
    case property.meter: {
      const meter = readWord(read);
      return { meter: meter === noMeter ? undefined : meter };
    }
    default:
      return undefined;
  }
}

export const controller = defineAction('controller', {
  forms: [
    {
      wire: 'NX 1.0+ 20 NXAST_CONTROLLER',
      size: () => [6, 0],
      decode: (body): ControllerArguments => ({
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
      wire: 'NX 1.0+ 37 NXAST_CONTROLLER2',
      size: () => [6, 8],
      decode(body): ControllerArguments {
        checkZero(body.octets(6));
        return decodeProperties(body);
      },
      encode(value, to) {
        to.room(6);
        const { maxLength, reason, userData, pauses, meter, controller: id } = value;
        if (maxLength !== wholePacket) writeShort(to, property.maxLength, maxLength);
        if (id !== 0) writeShort(to, property.controller, id);
        if (reason !== actionReason) writeProperty(to, property.reason, () => to.u8(reason));
        if (userData.length > 0) writeProperty(to, property.userData, () => to.octets(userData));
        if (pauses) writeProperty(to, property.pause, () => {});
        if (meter !== undefined) writeWord(to, property.meter, meter);
      },
    },
  ],
  words: ['controller'],
  read(text): ControllerArguments | AnyAction {
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

function readArguments(text: string): ControllerArguments {
  let value = defaults;
  for (const { name, value: given } of keyValues(text)) value = { ...value, ...readArgument(name, given) };
  return value;
}

function readArgument(name: string, text: string): Partial<ControllerArguments> {
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
