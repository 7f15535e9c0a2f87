/** One of several ports, chosen by hash or by which is up: Nicira's bundle and bundle_load; ovs-actions(7). */
import type { Reader, Writer } from '../bytes.ts';
import { type ErrorName, OpenFlowError } from '../errors.ts';
import { hasShortHeader } from '../match/oxm.ts';
import { reservedPorts } from '../ports.ts';
import { checkOutputPort, checkZero, readLeadingNumber, readPortArgument, wrong } from './arguments.ts';
import { type ActionForm, type ActionPlace, type ActionText, defineAction } from './declare.ts';
import {
  type HashFields,
  hashFieldsNumber,
  hashFieldsOf,
  nextWord,
  readChoice,
  readHashFields,
} from './hash-fields.ts';
import type { PacketShape } from './packet-shape.ts';
import {
  checkDestination,
  decodeShortSubfield,
  encodeShortSubfield,
  fieldOf,
  formatSubfield,
  readSubfield,
  type Subfield,
} from './subfield.ts';

/** By their numbers. */
const algorithms = ['active_backup', 'hrw'] as const;

export interface BundleArguments {
  readonly fields: HashFields;
  readonly basis: number;
  readonly algorithm: (typeof algorithms)[number];
  /** Ports, the first ones first. */
  readonly members: readonly number[];
  /** What gets the number of the port, instead of the port the packet. */
  readonly destination: Subfield | undefined;
}

const mostMembers = 2048;
/** What members are told by: NXM_OF_IN_PORT, a port of 16 bits. */
const memberHeader = 0x00000002;

function checkBundle(
  { members, destination }: BundleArguments,
  portLimit?: number,
  packet?: PacketShape,
): ErrorName | undefined {
  const error = destination === undefined ? undefined : checkDestination(destination, packet);
  if (error !== undefined) return error;
  const isBad = (member: number): boolean =>
    member === reservedPorts.CONTROLLER ||
    (member !== reservedPorts.ANY && checkOutputPort(member, portLimit) !== undefined);
  return members.some(isBad) ? 'OFPBAC_BAD_OUT_PORT' : undefined;
}

function bad(why: string): OpenFlowError {
  return new OpenFlowError('OFPBAC_BAD_ARGUMENT', why);
}

function bundleForm(wire: ActionPlace, isLoad: boolean): ActionForm<BundleArguments> {
  return {
    wire,
    size: () => [22, 8],
    decode: (body) => decode(body, isLoad),
    encode,
    canSay: ({ destination }) => (destination !== undefined) === isLoad,
  };
}

/** Differs: an algorithm or fields that nobody knows are refused in what loads too; the reference ends when it is used. */
function decode(body: Reader, isLoad: boolean): BundleArguments {
  const algorithm = algorithms[body.u16()];
  const fields = hashFieldsOf(body.u16());
  const basis = body.u16();
  const isPortType = body.u32() === memberHeader;
  const count = body.u16();
  const destination = isLoad ? decodeShortSubfield(body) : undefined;
  const zeros = body.octets(isLoad ? 4 : 10);
  if (2 * count > body.left)
    throw new OpenFlowError('OFPBAC_BAD_LEN', `${count} members in ${body.left} bytes`);
  if (algorithm === undefined || fields === undefined) throw bad('an algorithm or fields that are not known');
  if (destination !== undefined && destination.width < 16) throw bad('a port needs 16 bits');
  // Of what loads, the reference does not look at these.
  if (!isLoad && (!isPortType || count > mostMembers)) throw bad(`${count} members of a bundle`);
  if (!isLoad) checkZero(zeros, 'OFPBAC_BAD_ARGUMENT');
  const members = Array.from({ length: count }, () => body.u16());
  const bundle = { fields, basis, algorithm, members, destination };
  const error = checkBundle(bundle);
  if (error !== undefined) throw new OpenFlowError(error, `members of a bundle: ${members.join()}`);
  return bundle;
}

function encode({ fields, basis, algorithm, members, destination }: BundleArguments, to: Writer): void {
  to.u16(algorithms.indexOf(algorithm));
  to.u16(hashFieldsNumber(fields));
  to.u16(basis);
  to.u32(memberHeader);
  to.u16(members.length);
  if (destination === undefined) to.room(6);
  else encodeShortSubfield(to, destination);
  to.room(4);
  for (const member of members) to.u16(member);
}

function readBundle(text: string, context: ActionText, isLoad: boolean): BundleArguments {
  let rest = text;
  const next = (delimiters: string): string | undefined => {
    const found = nextWord(rest, delimiters);
    ({ rest } = found);
    return found.word;
  };
  const [fields = '', basis = '', algorithm = '', type = ''] = Array.from({ length: 4 }, () => next(', '));
  const destination = isLoad ? (next(', ') ?? '') : undefined;
  const delimiter = next(': ');
  if (delimiter === undefined) throw wrong(`${text}: not enough arguments to bundle action`);
  if (!['members', 'slaves'].includes(delimiter.toLowerCase()))
    throw wrong(`${text}: missing member delimiter, expected \`members', got \`${delimiter}'`);
  const members: number[] = [];
  while (members.length < mostMembers) {
    const member = next(', []');
    if (member === undefined) break;
    const number = readPortArgument(member, context);
    if (number === undefined) throw wrong(`${member}: bad port number`);
    members.push(number);
  }
  const bundle = {
    basis: readLeadingNumber(basis, 16),
    fields: readHashFields(fields, text),
    algorithm: readChoice(algorithms, algorithm, `${text}: unknown algorithm \`${algorithm}'`),
    members,
  };
  if (type.toLowerCase() !== 'ofport') throw wrong(`${text}: unknown member_type \`${type}'`);
  if (destination === undefined) return { ...bundle, destination: undefined };
  const subfield = readSubfield(destination);
  if (!hasShortHeader(fieldOf(subfield.field)))
    throw wrong(`${text}: experimenter OXM field '${destination}' not supported`);
  return { ...bundle, destination: subfield };
}

export const bundle = defineAction('bundle', {
  forms: [bundleForm('NX 1.0+ 12 NXAST_BUNDLE', false), bundleForm('NX 1.0+ 13 NXAST_BUNDLE_LOAD', true)],
  words: ['bundle', 'bundle_load'],
  read: (text, context, word) => readBundle(text, context, word === 'bundle_load'),
  format({ fields, basis, algorithm, members, destination }, { ports }) {
    const where = destination === undefined ? '' : `${formatSubfield(destination)},`;
    const list = members.map((member) => ports.format(member)).join(',');
    return `bundle${where === '' ? '' : '_load'}(${fields},${basis},${algorithm},ofport,${where}members:${list})`;
  },
  check: (value, packet, { portLimit }) => checkBundle(value, portLimit, packet),
});
