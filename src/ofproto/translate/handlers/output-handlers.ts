/** Actions that send packets, and what goes with them. */
import { ofPort } from '../../../base/units.ts';
import { maskSlot, setSlot } from '../../../flow/key.ts';
import { slots } from '../../../flow/slots.ts';
import { portConfigBit } from '../../../openflow/messages/port-description.ts';
import { portText, reservedPorts } from '../../../openflow/ports.ts';
import { normal } from '../normal.ts';
import { reasonNumber, sendToController } from '../packet-in.ts';
import { cut, outputToPort } from '../port-output.ts';
import type { Translation } from '../translation.ts';
import { readBits } from './field-handlers.ts';
import type { Handlers } from './handler.ts';

const priorityWord = slots.skb_priority.word;

export const outputHandlers = {
  output: (t, { port, maxLength }) => outputTo(t, port, maxLength),
  output_trunc(t, { port, maxLength }) {
    const to = port === reservedPorts.IN_PORT ? t.inPortNumber : ofPort(port);
    const isReserved = reserved.has(port) && port !== reservedPorts.IN_PORT;
    if (isReserved) t.drop('noTruncation', `output_trunc does not support port: ${portText.format(port)}`);
    else if (port === t.inPortNumber) t.drop('outputIsInput');
    else if (t.ofproto.ports.get(to)?.dpPort === undefined)
      t.drop('noTruncationToPatch', `output_trunc does not support patch port ${portText.format(port)}`);
    else {
      cut(t, maxLength);
      t.outputs.action(() => outputToPort(t, to, { isCut: true }));
    }
  },
  output_reg(t, { source, maxLength }) {
    const port = Number(readBits(t, source));
    t.trace?.note({ event: 'outputPort', port });
    if (port <= 0xffff) outputTo(t, port, maxLength);
    else t.drop('outputOutOfRange');
  },
  controller(t, action) {
    const { controller: controllerId, maxLength, reason, userData: userdata, meter } = action;
    if (action.pauses) t.freezing.startPause(action);
    else sendToController(t, { reason, maxLength, controllerId, userdata, meter });
  },
  enqueue(t, { port, queue }) {
    maskSlot(t.mask, 'skb_priority');
    const to = port === reservedPorts.IN_PORT ? t.inPortNumber : ofPort(port);
    if (to === t.inPortNumber && port !== reservedPorts.IN_PORT) return;
    const before = t.flow[priorityWord] ?? 0;
    t.flow[priorityWord] = priorityOf(queue);
    outputToPort(t, to);
    t.outputs.enqueued(to);
    t.flow[priorityWord] = before;
  },
  set_queue(t, { queue }) {
    maskSlot(t.mask, 'skb_priority');
    setSlot(t.flow, 'skb_priority', priorityOf(queue));
  },
  pop_queue(t) {
    maskSlot(t.mask, 'skb_priority');
    const arrived = t.request.key[priorityWord] ?? 0;
    if (t.flow[priorityWord] === arrived) return;
    t.flow[priorityWord] = arrived;
    t.trace?.note({ event: 'queue', priority: arrived });
  },
} satisfies Handlers;

/** The packet priority that stands for a queue; devices that shape make the class of the queue from it. */
function priorityOf(queue: number): number {
  return queue;
}

/** What the reserved ports mean. */
const reserved: ReadonlyMap<number, (t: Translation, maxLength: number) => void> = new Map([
  [reservedPorts.IN_PORT, (t) => outputToPort(t, t.inPortNumber)],
  [reservedPorts.TABLE, (t) => t.pipeline.lookUp(0, t.inPortNumber, true)],
  [reservedPorts.NORMAL, normal],
  [reservedPorts.FLOOD, (t) => outputToAll(t, noFlood)],
  [reservedPorts.ALL, (t) => outputToAll(t, 0)],
  [
    reservedPorts.CONTROLLER,
    (t, maxLength) =>
      sendToController(t, { reason: reasonNumber(t.outputReason), maxLength, controllerId: 0 }),
  ],
  [reservedPorts.ANY, () => {}],
] satisfies [number, (t: Translation, maxLength: number) => void][]);

export function outputTo(t: Translation, port: number, maxLength: number): void {
  const special = reserved.get(port);
  if (special !== undefined) t.outputs.action(() => special(t, maxLength));
  else if (port === t.inPortNumber) t.drop('outputIsInput');
  else t.outputs.action(() => outputToPort(t, ofPort(port)));
}

const noFlood = portConfigBit('NO_FLOOD');

/**
 * Out of every port but the one that it came by and those that have any of these settings; out of all of them without.
 */
function outputToAll(t: Translation, unless: number): void {
  const input = t.inPortNumber;
  const obeysTree = unless !== 0;
  const to = [...t.ofproto.ports].filter(
    ([number, { settings }]) => number !== input && (settings & unless) === 0,
  );
  to.forEach(([number], n) => {
    t.detours.step(n === to.length - 1, () => outputToPort(t, number, { obeysTree }));
  });
  t.outputs.flooded();
}
