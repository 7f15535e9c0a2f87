/**
 * Bits copied from field to field, and the stack: OpenFlow 1.5.1 section 7.2.6.8, the ONF's extension for 1.3,
 * Nicira's.
 */
import type { ErrorName } from '../errors.ts';
import type { WireVersion } from '../versions.ts';
import { checkZero, wrong } from './arguments.ts';
import { type ActionForm, type ActionPlace, defineAction } from './declare.ts';
import type { PacketShape } from './packet-shape.ts';
import {
  checkDestination,
  checkSource,
  decodeField,
  encodeFieldOf,
  formatSubfield,
  readSubfield,
  readSubfieldAhead,
  refuse,
  type Subfield,
} from './subfield.ts';

export interface MoveArguments {
  readonly source: Subfield;
  /** As wide. */
  readonly destination: Subfield;
  /** OpenFlow 1.3 says it in the ONF's form, instead of Nicira's. */
  readonly isCopyField: boolean;
}

function checkMove({ source, destination }: MoveArguments, packet?: PacketShape): ErrorName | undefined {
  return checkSource(source, packet) ?? checkDestination(destination, packet);
}

/** `before` and `behind` are the bytes without meaning around the numbers. */
function moveForm(
  wire: ActionPlace,
  { before, behind, least }: { before: number; behind: number; least: number },
  canSay: (move: MoveArguments, version: WireVersion) => boolean,
): ActionForm<MoveArguments> {
  const isNicira = wire.startsWith('NX');
  return {
    wire,
    size: () => [least, 8],
    decode(body): MoveArguments {
      body.skip(before);
      const width = body.u16();
      const sourceLow = body.u16();
      const destinationLow = body.u16();
      body.skip(behind);
      const source = { field: decodeField(body), low: sourceLow, width };
      const destination = { field: decodeField(body), low: destinationLow, width };
      checkZero(body.octets(body.left));
      const move = { source, destination, isCopyField: !isNicira };
      refuse(checkMove(move), `a move from ${source.field} to ${destination.field}`);
      return move;
    },
    encode({ source, destination }, to, version) {
      to.room(before);
      to.u16(destination.width);
      to.u16(source.low);
      to.u16(destination.low);
      to.room(behind);
      for (const subfield of [source, destination]) encodeFieldOf(to, subfield, isNicira ? 0 : version);
    },
    canSay,
  };
}

/** Reads "source->destination". */
export function readMove(text: string): Pick<MoveArguments, 'source' | 'destination'> {
  const { subfield: source, rest } = readSubfieldAhead(text);
  if (!rest.startsWith('->')) throw wrong(`${text}: missing \`->' following source`);
  const destination = readSubfield(rest.slice(2));
  if (source.width !== destination.width)
    throw wrong(
      `${text}: source field is ${source.width} bits wide but destination is ${destination.width} bits wide`,
    );
  return { source, destination };
}

export const move = defineAction('move', {
  forms: [
    moveForm('OF 1.5+ 28 OFPAT_COPY_FIELD', { before: 0, behind: 2, least: 12 }, () => true),
    moveForm(
      'ONF 1.3-1.4 3200 ONFACT_COPY_FIELD',
      { before: 2, behind: 2, least: 14 },
      ({ isCopyField }, version) => isCopyField && version === 4,
    ),
    moveForm('NX 1.0-1.4 6 NXAST_REG_MOVE', { before: 0, behind: 0, least: 6 }, () => true),
  ],
  words: ['move'],
  read: (text): MoveArguments => ({ ...readMove(text), isCopyField: false }),
  format: ({ source, destination }) => `move:${formatSubfield(source)}->${formatSubfield(destination)}`,
  check: checkMove,
});

export interface StackArguments {
  readonly subfield: Subfield;
}

function stack<N extends 'push' | 'pop'>(
  name: N,
  number: number,
  check: (subfield: Subfield, packet?: PacketShape) => ErrorName | undefined,
) {
  return defineAction(name, {
    forms: [
      {
        wire: `NX 1.0+ ${number} NXAST_STACK_${name.toUpperCase()}`,
        size: () => [14, 0],
        decode(body): StackArguments {
          const low = body.u16();
          const field = decodeField(body);
          const subfield = { field, low, width: body.u16() };
          checkZero(body.octets(body.left));
          refuse(check(subfield), `${name} of ${field}`);
          return { subfield };
        },
        encode({ subfield }, to) {
          const start = to.size;
          to.u16(subfield.low);
          encodeFieldOf(to, subfield);
          to.u16(subfield.width);
          to.room(start + 14 - to.size);
        },
      },
    ],
    words: [name],
    read(text): StackArguments {
      const { subfield, rest } = readSubfieldAhead(text);
      if (rest !== '') throw wrong(`${rest}: trailing garbage following push or pop`);
      return { subfield };
    },
    format: ({ subfield }) => `${name}:${formatSubfield(subfield)}`,
    check: ({ subfield }, packet) => check(subfield, packet),
  });
}

export const push = stack('push', 27, checkSource);
export const pop = stack('pop', 28, checkDestination);
