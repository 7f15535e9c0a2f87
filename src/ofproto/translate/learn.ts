/** The flow that a packet leaves behind: ovs-actions(7), "The learn action". */
import { readField, writeField } from '../../flow/fields/value.ts';
import { packMatch } from '../../flow/match.ts';
import { MatchBuilder } from '../../flow/match-text.ts';
import { bytesWith, onesOf } from '../../openflow/actions/field-bits.ts';
import { loading } from '../../openflow/actions/field-value.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { LearnArguments } from '../../openflow/actions/learn-text.ts';
import type { Subfield } from '../../openflow/actions/subfield.ts';
import { flowFlags } from '../../openflow/messages/flow-flags.ts';
import { type FlowMod, plainFlowMod } from '../../openflow/messages/flow-mod.ts';
import { firstReservedPort, reservedPorts } from '../../openflow/ports.ts';
import { markPresent, type TlvTable } from '../tlv-table.ts';

/** `read` gives the bits of the packet. */
export function learnedFlow(
  learn: LearnArguments,
  read: (from: Subfield) => bigint,
  tlvTable: TlvTable,
): FlowMod {
  const learned = new MatchBuilder();
  const actions: Action[] = [];
  const { finIdleTimeout: idle, finHardTimeout: hard } = learn;
  if (idle > 0 || hard > 0) actions.push({ do: 'fin_timeout', idle, hard });
  for (const spec of learn.specs) {
    const { source } = spec;
    const value = typeof source === 'bigint' ? source : read(source);
    if (spec.kind === 'match') matchBits(learned, spec.destination, value, tlvTable);
    else if (spec.kind === 'load') actions.push(loading(spec.destination, value));
    else if (isPort(Number(value))) actions.push({ do: 'output', port: Number(value), maxLength: 0 });
  }
  const { table, priority, cookie, idleTimeout, hardTimeout, sendsFlowRemoved } = learn;
  return {
    ...plainFlowMod,
    command: 'modify_strict',
    table,
    match: packMatch(learned.key, learned.mask),
    priority,
    newCookie: cookie,
    idleTimeout,
    hardTimeout,
    flags: sendsFlowRemoved ? flowFlags.sendFlowRemoved : 0,
    actions,
  };
}

/** Ports that a field may name: no output goes to a table, or nowhere. */
function isPort(port: number): boolean {
  const { IN_PORT, FLOOD, LOCAL, ALL } = reservedPorts;
  return port < firstReservedPort || [IN_PORT, FLOOD, LOCAL, ALL].includes(port as typeof ALL);
}

/** Beside what was matched before of the field. */
function matchBits(
  { key, mask }: MatchBuilder,
  { field: name, low, width }: Subfield,
  value: bigint,
  tlvTable: TlvTable,
): void {
  const field = tlvTable.fieldOf(name);
  if (field === undefined) return;
  const bits = bytesWith(onesOf(width), low, field.bytes);
  const shifted = bytesWith(value & onesOf(width), low, field.bytes);
  const merge = (words: Uint32Array, wanted: Uint8Array): void => {
    const before = readField(words, field);
    writeField(
      words,
      field,
      before.map((byte, n) => (byte & ~(bits[n] ?? 0)) | ((wanted[n] ?? 0) & (bits[n] ?? 0))),
    );
  };
  merge(key, shifted);
  merge(mask, bits);
  if (field.option === undefined) return;
  markPresent(key, field.option);
  markPresent(mask, field.option);
}
