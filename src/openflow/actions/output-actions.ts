/** Actions that send packets, and what goes with them: OpenFlow 1.5.1 section 7.2.6.2, ovs-actions(7). */
import { keyValues } from '../../flow/key-values.ts';
import { OpenFlowError } from '../errors.ts';
import { hasShortHeader } from '../match/oxm.ts';
import { firstReservedPort, reservedPorts } from '../ports.ts';
import {
  after,
  checkOutputPort,
  checkZero,
  port,
  readPortArgument,
  readU32,
  u16Argument,
  u32Argument,
  wrong,
} from './arguments.ts';
import {
  type ActionForm,
  type ActionText,
  type AnyAction,
  defineAction,
  instead,
  laidOut,
  withoutArguments,
} from './declare.ts';
import {
  checkSource,
  decodeField,
  decodeShortSubfield,
  encodeFieldOf,
  encodeShortSubfield,
  fieldOf,
  formatSubfield,
  packBits,
  readSubfield,
  refuse,
  type Subfield,
} from './subfield.ts';

export interface OutputArguments {
  readonly port: number;
  /** Bytes of the packet, where the controller is the port. */
  readonly maxLength: number;
}

/** All bytes of a packet. */
const wholePacket = 0xffff;

/** Refuses ports that nothing can be sent to. */
function outputs(forms: ActionForm<OutputArguments>[]): ActionForm<OutputArguments>[] {
  return forms.map((form) => ({
    ...form,
    decode(body, version, inner) {
      const output = form.decode(body, version, inner);
      refuse(checkOutputPort(output.port), `port ${output.port}`);
      return output;
    },
  }));
}

export const output = defineAction('output', {
  forms: outputs(
    laidOut<OutputArguments>(['OF 1.0 0 OFPAT_OUTPUT', 'OF 1.1+ 0 OFPAT_OUTPUT'], {
      port,
      maxLength: u16Argument,
    }),
  ),
  words: ['output'],
  read: readOutput,
  format({ port: to, maxLength }, { ports }) {
    if (to === reservedPorts.CONTROLLER) return `CONTROLLER:${maxLength}`;
    return to < firstReservedPort ? `output:${ports.format(to)}` : ports.format(to);
  },
  check: ({ port: to }, _packet, { portLimit }) => checkOutputPort(to, portLimit),
});

/** A port, the first bytes of a packet to a port, or a port that a field has. */
function readOutput(text: string, context: ActionText): AnyAction {
  if (text.includes('port') && text.includes('max_len'))
    return instead(outputTruncated, readTruncated(text, context));
  const to = readPortArgument(text, context);
  if (to !== undefined)
    return instead(output, { port: to, maxLength: to === reservedPorts.CONTROLLER ? wholePacket : 0 });
  try {
    return instead(outputRegister, { source: readSubfield(text), maxLength: wholePacket, isLong: false });
  } catch {
    throw wrong(`${text}: output to unknown port`);
  }
}

export interface OutputTruncatedArguments {
  readonly port: number;
  /** Bytes of the packet that are sent. */
  readonly maxLength: number;
}

/** Bytes of an Ethernet header: less than that is no packet. */
const leastLength = 14;

function readTruncated(text: string, context: ActionText): OutputTruncatedArguments {
  let to = 0;
  let maxLength = 0;
  for (const { name, value } of keyValues(text)) {
    if (name === 'port') {
      const found = readPortArgument(value, context);
      if (found === undefined) throw wrong(`output to unknown truncate port: ${value}`);
      if (found > firstReservedPort && found !== reservedPorts.LOCAL && found !== reservedPorts.IN_PORT)
        throw wrong(`output to unsupported truncate port: ${value}`);
      to = found;
    } else if (name === 'max_len') {
      maxLength = readU32(value);
      if (maxLength < leastLength)
        throw wrong(`max_len ${maxLength} is less than the minimum value ${leastLength}`);
    } else {
      throw wrong(`invalid key '${name}' in output_trunc argument`);
    }
  }
  return { port: to, maxLength };
}

export const outputTruncated = defineAction('output_trunc', {
  forms: laidOut<OutputTruncatedArguments>(['NX 1.0+ 39 NXAST_OUTPUT_TRUNC'], {
    port,
    maxLength: u32Argument,
  }).map((form) => ({
    ...form,
    decode(body, version, inner) {
      const read = form.decode(body, version, inner);
      if (read.maxLength < leastLength)
        throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', `${read.maxLength} bytes of a packet`);
      return read;
    },
  })),
  words: ['output_trunc'],
  read(text): OutputTruncatedArguments {
    throw wrong(`unknown action ${text}`); // it is said as output(port=..., max_len=...)
  },
  format: ({ port: to, maxLength }, { ports }) => `output(port=${ports.format(to)},max_len=${maxLength})`,
  check: ({ port: to }, _packet, { portLimit }) => checkOutputPort(to, portLimit),
});

export interface OutputRegisterArguments {
  /** What has the number of the port. */
  readonly source: Subfield;
  /** As of an output. */
  readonly maxLength: number;
  /** In the form that has room for any field, though the other would do. */
  readonly isLong: boolean;
}

export const outputRegister = defineAction('output_reg', {
  forms: [
    {
      wire: 'NX 1.0+ 15 NXAST_OUTPUT_REG',
      size: () => [14, 0],
      decode(body): OutputRegisterArguments {
        const source = decodeShortSubfield(body);
        const maxLength = body.u16();
        checkZero(body.octets(6), 'OFPBAC_BAD_ARGUMENT');
        refuse(checkSource(source), `output to what ${source.field} has`);
        return { source, maxLength, isLong: false };
      },
      encode({ source, maxLength }, to) {
        encodeShortSubfield(to, source);
        to.u16(maxLength);
        to.room(6);
      },
      canSay: ({ source, isLong }) => !isLong && hasShortHeader(fieldOf(source.field)),
    },
    {
      wire: 'NX 1.0+ 32 NXAST_OUTPUT_REG2',
      size: () => [14, 0],
      decode(body): OutputRegisterArguments {
        const bits = body.u16();
        const maxLength = body.u16();
        const source = { field: decodeField(body), low: bits >>> 6, width: (bits & 63) + 1 };
        checkZero(body.octets(body.left));
        refuse(checkSource(source), `output to what ${source.field} has`);
        return { source, maxLength, isLong: true };
      },
      encode({ source, maxLength }, to) {
        const start = to.size;
        to.u16(packBits(source));
        to.u16(maxLength);
        encodeFieldOf(to, source);
        to.room(start + 14 - to.size);
      },
    },
  ],
  words: ['output_reg'],
  read: readOutput,
  format: ({ source }) => `output:${formatSubfield(source)}`,
  check: ({ source }, packet) => checkSource(source, packet),
});

export interface EnqueueArguments {
  readonly port: number;
  readonly queue: number;
}

function checkQueuePort(to: number, limit: number): 'OFPBAC_BAD_OUT_PORT' | undefined {
  const isGood = to < limit || to === reservedPorts.IN_PORT || to === reservedPorts.LOCAL;
  return isGood ? undefined : 'OFPBAC_BAD_OUT_PORT';
}

export const enqueue = defineAction('enqueue', {
  forms: laidOut<EnqueueArguments>(['OF 1.0 11 OFPAT_ENQUEUE'], { port, queue: after(6, u32Argument) }).map(
    (form) => ({
      ...form,
      decode(body, version, inner) {
        const read = form.decode(body, version, inner);
        refuse(checkQueuePort(read.port, firstReservedPort), `a queue of port ${read.port}`);
        return read;
      },
    }),
  ),
  words: ['enqueue'],
  read(text, context): EnqueueArguments {
    const [, to, queue] = /^[:q,]*([^:q,]+)[:q,](.+)$/.exec(text) ?? [];
    if (to === undefined || queue === undefined)
      throw wrong('"enqueue" syntax is "enqueue:PORT:QUEUE" or "enqueue(PORT,QUEUE)"');
    const found = readPortArgument(to, context);
    if (found === undefined) throw wrong(`${to}: enqueue to unknown port`);
    return { port: found, queue: readU32(queue) };
  },
  format: ({ port: to, queue }, { ports }) => `enqueue:${ports.format(to)}:${queue}`,
  sentAs({ port: to, queue }, version) {
    if (version === 1) return undefined;
    return [
      instead(setQueue, { queue }),
      instead(output, { port: to, maxLength: wholePacket }),
      instead(popQueue, {}),
    ];
  },
  check: ({ port: to }, _packet, { portLimit }) => checkQueuePort(to, portLimit),
});

export interface SetQueueArguments {
  readonly queue: number;
}

export const setQueue = defineAction('set_queue', {
  forms: laidOut<SetQueueArguments>(['NX 1.0 4 OFPAT_SET_QUEUE', 'OF 1.1+ 21 OFPAT_SET_QUEUE'], {
    queue: u32Argument,
  }),
  words: ['set_queue'],
  read: (text): SetQueueArguments => ({ queue: readU32(text) }),
  format: ({ queue }) => `set_queue:${queue}`,
});

export const popQueue = withoutArguments('pop_queue', ['NX 1.0+ 5 NXAST_POP_QUEUE']);

export interface GroupArguments {
  readonly group: number;
}

export const group = defineAction('group', {
  forms: laidOut<GroupArguments>(['NX 1.0 40 OFPAT_GROUP', 'OF 1.1+ 22 OFPAT_GROUP'], { group: u32Argument }),
  words: ['group'],
  read: (text): GroupArguments => ({ group: readU32(text) }),
  format: ({ group: number }) => `group:${number}`,
});
