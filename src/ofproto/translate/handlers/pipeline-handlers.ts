/** Actions that steer a packet's way through the tables, and notes. */
import { ofPort } from '../../../base/units.ts';
import { readSlot, writeSlot } from '../../../flow/key.ts';
import type { SlotName } from '../../../flow/slots.ts';
import { reservedPorts } from '../../../openflow/ports.ts';
import { runClone } from '../branches.ts';
import { connectionTuple } from './conntrack-handlers.ts';
import type { Handlers } from './handler.ts';
import { sampleFlow } from './sample-handler.ts';

const sameTable = 255;

export const pipelineHandlers = {
  resubmit(t, { port, table, usesOriginalTuple }) {
    const inPort = port === reservedPorts.IN_PORT ? t.inPortNumber : ofPort(port);
    const next = table === sameTable ? t.table : table;
    if (!usesOriginalTuple) {
      t.pipeline.lookUp(next, inPort, false);
      return;
    }
    const tuple = connectionTuple(t);
    if (tuple === undefined) {
      t.drop('noConnection');
      return;
    }
    for (const [slot, ofConnection] of tuple) swap(t.flow, slot, ofConnection);
    t.pipeline.lookUp(next, inPort, false);
    for (const [slot, ofConnection] of tuple) swap(t.flow, slot, ofConnection);
  },
  goto_table: (t, { table }) => t.pipeline.lookUp(table, t.inPortNumber, true),
  clone: (t, { actions }) => runClone(t, actions),
  debug_recirc: (t) => t.freezing.start(),
  debug_slow: (t) => t.outcome.slow('action'),
  set_tunnel(t, { id }) {
    const bytes = Uint8Array.from({ length: 8 }, (_, n) => Number((id >> BigInt(56 - 8 * n)) & 0xffn));
    writeSlot(t.flow, 'tun_id', bytes);
  },
  unroll_xlate: (t, { table, cookie }) => t.unroll(table, cookie),
  exit: (t) => t.exit(),
  note: () => {},
  // Rules with it only ever match together with others.
  conjunction: () => {},
  sample: sampleFlow,
  write_actions: (t, { actions }) => t.writeActions(actions),
  clear_actions: (t) => t.clearActions(),
} satisfies Handlers;

function swap(flow: Uint32Array, a: SlotName, b: SlotName): void {
  const before = readSlot(flow, a);
  writeSlot(flow, a, readSlot(flow, b));
  writeSlot(flow, b, before);
}
