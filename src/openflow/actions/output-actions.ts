/** Actions that send packets, and what goes with them: OpenFlow 1.5.1 section 7.2.6.2, ovs-actions(7). */
import { OpenFlowError } from '../errors.ts';
import { firstReservedPort, reservedPorts } from '../ports.ts';
import { after, port, readOutputPort, readU32, u16, u32, wrong } from './arguments.ts';
import { type ActionForm, defineAction, laidOut, withoutArguments } from './declare.ts';

interface Output {
  readonly port: number;
  /** Bytes of the packet, where the controller is the port. */
  readonly maxLength: number;
}

const lastReserved = Object.values(reservedPorts);

/** Refuses ports that nothing can be sent to. */
function outputs(forms: ActionForm<Output>[]): ActionForm<Output>[] {
  return forms.map((form) => ({
    ...form,
    decode(body, version) {
      const output = form.decode(body, version);
      const isReal = output.port < firstReservedPort || (lastReserved as number[]).includes(output.port);
      if (!isReal || output.port === reservedPorts.ANY)
        throw new OpenFlowError('OFPBAC_BAD_OUT_PORT', `port ${output.port}`);
      return output.port === reservedPorts.CONTROLLER ? output : { port: output.port, maxLength: 0 };
    },
  }));
}

export const output = defineAction('output', {
  forms: outputs(laidOut<Output>(['OF 1.0 0', 'OF 1.1+ 0'], { port, maxLength: u16 })),
  words: ['output'],
  read(text, { ports }): Output {
    const number = readOutputPort(text, ports);
    return { port: number, maxLength: number === reservedPorts.CONTROLLER ? 0xffff : 0 };
  },
  format({ port: to, maxLength }, { ports }) {
    if (to === reservedPorts.CONTROLLER) return `CONTROLLER:${maxLength}`;
    return to < firstReservedPort ? `output:${ports.format(to)}` : ports.format(to);
  },
});

interface Enqueue {
  readonly port: number;
  readonly queue: number;
}

export const enqueue = defineAction('enqueue', {
  forms: laidOut<Enqueue>(['OF 1.0 11'], { port, queue: after(6, u32) }),
  words: ['enqueue'],
  read(text, { ports }): Enqueue {
    const [, to, queue] = /^([^:,]*)[:,](.*)$/.exec(text) ?? [];
    if (to === undefined || queue === undefined)
      throw wrong('"enqueue" syntax is "enqueue:PORT:QUEUE" or "enqueue(PORT,QUEUE)"');
    return { port: readOutputPort(to, ports), queue: readU32(queue) };
  },
  format: ({ port: to, queue }, { ports }) => `enqueue:${ports.format(to)}:${queue}`,
});

interface QueueNumber {
  readonly queue: number;
}

export const setQueue = defineAction('set_queue', {
  forms: laidOut<QueueNumber>(['NX 1.0 4', 'OF 1.1+ 21'], { queue: u32 }),
  words: ['set_queue'],
  read: (text): QueueNumber => ({ queue: readU32(text) }),
  format: ({ queue }) => `set_queue:${queue}`,
});

export const popQueue = withoutArguments('pop_queue', ['NX 1.0+ 5'], 'pop_queue');

interface GroupNumber {
  readonly group: number;
}

export const group = defineAction('group', {
  forms: laidOut<GroupNumber>(['NX 1.0 40', 'OF 1.1+ 22'], { group: u32 }),
  words: ['group'],
  read: (text): GroupNumber => ({ group: readU32(text) }),
  format: ({ group: number }) => `group:${number}`,
});
