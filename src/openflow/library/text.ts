/** Values of `ovs-ts/openflow` as bytes and as the text of ovs-ofctl, both ways. */

import { Malformed } from '../../base/errors.ts';
import { type FieldName, fieldNamed } from '../../flow/fields/index.ts';
import { integerOf } from '../../flow/fields/integer.ts';
import { hasBits, readField } from '../../flow/fields/value.ts';
import { keyValues } from '../../flow/key-values.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import { MatchBuilder } from '../../flow/match-text.ts';
import { maskedOption } from '../../flow/tunnel-options.ts';
import { formatActions, readInstructionText } from '../action-codec.ts';
import { bitsOf } from '../actions/field-bits.ts';
import type { Action } from '../actions/index.ts';
import { formatPackedMatch } from '../match/match-codec.ts';
import { portText, portTextOf } from '../ports.ts';
import { formatMessage } from '../text/messages.ts';
import { namesOf, tableText } from '../text/names.ts';

export interface TextOptions {
  /** Names of ports by their numbers, as a switch tells them. Without them ports are numbers. */
  readonly portNames?: ReadonlyMap<number, string>;
}

export interface MessageTextOptions extends TextOptions {
  /** 0 for little, more for more; 1, which most commands of ovs-ofctl use, unless given; from 5 on with the bytes. */
  readonly verbosity?: number;
}

const portsOf = ({ portNames }: TextOptions) =>
  portNames === undefined ? portText : portTextOf(namesOf(portNames));

/** A message as `ovs-ofctl ofp-print` shows it, also one that is wrong or cut short. Ends in a newline. */
export function messageText(bytes: Uint8Array, options: MessageTextOptions = {}): string {
  return formatMessage(bytes, options.verbosity ?? 1, { ports: portsOf(options), tables: tableText });
}

/**
 * Reads which packets are meant, in the words of ovs-fields(7): "tcp,nw_src=10.0.0.0/8,tp_dst=80"; "" is all packets.
 * Throws Malformed.
 */
export function readMatch(text: string, options: TextOptions = {}): Match {
  const ports = portsOf(options);
  const builder = new MatchBuilder();
  for (const { name, value } of keyValues(text)) {
    if (builder.take(name, value, ports) === undefined)
      throw new Malformed('match', 0, `unknown field ${name}`);
  }
  return builder.match;
}

/** The way back. */
export function matchText(match: Match, options: TextOptions = {}): string {
  return formatPackedMatch(match, { ports: portsOf(options) });
}

/** What a match says of a field. */
export interface MatchedField {
  readonly value: bigint;
  /** Bits that are compared. */
  readonly mask: bigint;
}

/** What a match says of a field; undefined for nothing. Throws Malformed for a name that is none. */
export function matchedField(match: Match, name: FieldName): MatchedField | undefined {
  const field = fieldNamed(name);
  if (field === undefined) throw new Malformed('match', 0, `unknown field ${name}`);
  if (field.option !== undefined) {
    if (match.options?.some(({ index }) => index === field.option) !== true) return undefined;
    const { value, mask } = maskedOption(field, match.options);
    return { value: integerOf(value), mask: integerOf(mask) };
  }
  const bits = match.mask.unpack();
  if (!hasBits(bits, field)) return undefined;
  const number = (key: Uint32Array): bigint => bitsOf(readField(key, field), 0, 8 * field.bytes);
  return { value: number(unpackKey(match)), mask: number(bits) };
}

/**
 * Reads what becomes of packets, in the words of ovs-actions(7): "set_field:10->vlan_vid,output:1", instructions too;
 * "drop" is nothing. Throws Malformed.
 */
export function readActions(text: string, options: TextOptions = {}): readonly Action[] {
  return readInstructionText(text, { ports: portsOf(options) });
}

/** The way back. */
export function actionsText(actions: readonly Action[], options: TextOptions = {}): string {
  return formatActions(actions, { ports: portsOf(options) });
}
