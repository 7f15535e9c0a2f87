/**
 * Lists of actions as bytes and as text, by the declarations of `actions/`. `instruction-codec.ts` has those of flows,
 * which are lists of instructions since OpenFlow 1.1.
 */
import { hexDump } from '../base/hex-dump.ts';
import { logger } from '../base/log.ts';
import { hexOrZero } from '../base/numbers.ts';
import { keyValues } from '../flow/key-values.ts';
import type { Match } from '../flow/match.ts';
import { type AnyDeclaration, declarationOf, type ListPlace, verifyActions } from './action-rules.ts';
import { readPortArgument, wrong } from './actions/arguments.ts';
import {
  type ActionForm,
  type ActionText,
  type AnyAction,
  headerSizeOf,
  instead,
  type Outer,
} from './actions/declare.ts';
import { type Action, actions } from './actions/index.ts';
import { output } from './actions/output-actions.ts';
import { PacketShape } from './actions/packet-shape.ts';
import { sharedList } from './actions/shared-lists.ts';
import type { Reader, Writer } from './bytes.ts';
import { type ErrorName, OpenFlowError, refusalsOf, warningsOf } from './errors.ts';
import { paintActions } from './text/paint-actions.ts';
import {
  allVersions,
  isWithin,
  readRange,
  type VersionRange,
  versionName,
  type WireVersion,
} from './versions.ts';

const experimenterType = 0xffff;
const experimenters = { OF: 0, NX: 0x00002320, ONF: 0x4f4e4600 } as const;

/** A form in one version. */
interface KnownForm {
  readonly declared: AnyDeclaration;
  readonly form: ActionForm<object>;
  readonly experimenter: number;
  readonly number: number;
  /** As the log has it. */
  readonly printed: string;
  /** Bytes behind the header, and steps beyond. */
  readonly least: number;
  readonly step: number;
}

/** Of one experimenter and version, by number. */
type Forms = (KnownForm | undefined)[];

/** By experimenter, version and number: every action that is read is looked up here. */
const standardForms: Forms[] = [];
const niciraForms: Forms[] = [];
const onfForms: Forms[] = [];
/** By version. */
const formsByName: Map<string, KnownForm[]>[] = [];
/** Nicira's, which later versions have. */
const extensionForms = new Map<string, KnownForm[]>();
const byWord = new Map<string, AnyDeclaration>();

for (const version of allVersions) {
  standardForms[version] = [];
  niciraForms[version] = [];
  onfForms[version] = [];
  formsByName[version] = new Map();
}

for (const declared of actions.map(declarationOfAny)) {
  for (const word of declared.words) byWord.set(word, declared);
  for (const form of declared.forms) addForm(declared, form);
}

function declarationOfAny({ name }: (typeof actions)[number]): AnyDeclaration {
  return declarationOf({ do: name });
}

function addForm(declared: AnyDeclaration, form: ActionForm<object>): void {
  const [whose = '', range = '', number = '', printed = ''] = form.wire.split(' ');
  const experimenter = experimenters[whose as keyof typeof experimenters]; // the type of `wire` says so
  for (const version of allVersions.filter((v) => isWithin(readRange(range as VersionRange), v))) {
    const [least, step] = form.size(version);
    const known = { declared, form, experimenter, number: Number(number), printed, least, step };
    formsOf(experimenter, version)[known.number] = known;
    const names = formsByName[version];
    names?.set(declared.name, [...(names.get(declared.name) ?? []), known]);
    if (experimenter === experimenters.NX && !extensionForms.has(declared.name))
      extensionForms.set(declared.name, [known]);
  }
}

/** Throws OpenFlowError for an experimenter that nobody knows. */
function formsOf(experimenter: number, version: WireVersion): Forms {
  const forms =
    experimenter === experimenters.OF
      ? standardForms
      : experimenter === experimenters.NX
        ? niciraForms
        : experimenter === experimenters.ONF
          ? onfForms
          : undefined;
  if (forms === undefined) throw unknownVendor(experimenter);
  return forms[version] ?? [];
}

function unknownVendor(experimenter: number): OpenFlowError {
  return refused('OFPBAC_BAD_VENDOR', `OpenFlow action has unknown vendor ${hexOrZero(experimenter)}`);
}

const log = logger('ofp_actions');
const warn = warningsOf('ofp_actions');
const refused = refusalsOf('ofp_actions');

let takesTestActions = false;

/** From now on actions are taken from bytes, too, that are there for tests of a switch. */
export function takeTestActions(): void {
  takesTestActions = true;
}

/** Lists inside of each other, at most. The reference has no such limit on the wire, and the same for text. */
const mostDepth = 100;

/** Reads actions up to the end of `from`. Throws OpenFlowError. */
export function decodeActions(from: Reader, version: WireVersion): Action[] {
  return readList(from, version, { allows: 'actions and meter' }, 0) as Action[]; // all were declared
}

/** A list that stands at `place`. */
export function readList(from: Reader, version: WireVersion, place: ListPlace, depth: number): AnyAction[] {
  const list: AnyAction[] = [];
  readUnverified(list, from, version, depth);
  verifyReceived(list, version, place);
  return list;
}

/** `verifyActions`, which tells the log as well. */
export function verifyReceived(list: readonly AnyAction[], version: WireVersion, place: ListPlace): void {
  try {
    verifyActions(list, version, place);
  } catch (why) {
    if (why instanceof OpenFlowError) log.warn(why.why);
    throw why;
  }
}

/** Refuses a list of so many bytes where there are only `left`. Throws OpenFlowError. */
export function checkSizeOf(
  what: 'actions' | 'instructions',
  size: number,
  left: number,
  error: ErrorName,
): void {
  const length = `OpenFlow message ${what} length ${size}`;
  if (size % 8 !== 0) throw refused(error, `${length} is not a multiple of 8`);
  if (size > left) throw refused(error, `${length} exceeds remaining message length (${left})`);
}

/** Adds the actions up to the end of `from` to a list that is verified when it is whole. */
export function readUnverified(list: AnyAction[], from: Reader, version: WireVersion, depth: number): void {
  checkSizeOf('actions', from.left, from.left, 'OFPBRC_BAD_LEN');
  if (depth > mostDepth) throw new OpenFlowError('OFPBAC_TOO_MANY', `actions inside of ${depth} others`);
  const readInner = (body: Reader, outer?: Outer): AnyAction[] =>
    readList(body, version, { outer, allows: 'actions' }, depth + 1);
  const start = from.at;
  while (from.left > 0) {
    const { at } = from;
    try {
      list.push(readAction(from, version, readInner));
    } catch (why) {
      if (!(why instanceof OpenFlowError)) throw why;
      const dump = hexDump(from.bytes.subarray(start, from.end), 'of a message').trimEnd();
      warn(`bad action at offset ${at - start} (${why.errorName}):\n${dump}`);
      throw why;
    }
  }
}

function readAction(
  from: Reader,
  version: WireVersion,
  readInner: (body: Reader, outer?: Outer) => AnyAction[],
): AnyAction {
  const { at, left } = from;
  const type = from.u16();
  const size = from.u16();
  const isStandard = type !== experimenterType;
  const experimenter = isStandard ? experimenters.OF : from.u32();
  if (!isStandard && experimenter === experimenters.OF) throw unknownVendor(experimenter);
  const forms = formsOf(experimenter, version);
  if (!isStandard && left < 16)
    throw new OpenFlowError('OFPBAC_BAD_LEN', `${left} bytes where an action begins`);
  const number = isStandard ? type : from.u16();
  const known = forms[number];
  if (known === undefined || (known.declared.isForTests && !takesTestActions))
    throw refused(
      isStandard ? 'OFPBAC_BAD_TYPE' : 'OFPBAC_BAD_VENDOR_TYPE',
      `unknown ${versionName(version)} action for vendor ${hexOrZero(experimenter)} and type ${number}`,
    );
  const { declared, form } = known;
  const headSize = from.at - at;
  checkLength(known, headSize, size, left);
  const body = from.part(size - headSize, 'OFPBAC_BAD_LEN');
  return { do: declared.name, ...form.decode(body, version, readInner) };
}

/** The most that a length of 16 bits can tell, in steps of eight. */
const longestAction = 0xfff8;

function checkLength(
  { printed, least, step }: KnownForm,
  headSize: number,
  size: number,
  left: number,
): void {
  const min = headSize + least;
  const max = step === 0 ? min : longestAction;
  let why: string;
  if (size > left) why = `exceeds action buffer length ${left}`;
  else if (size < min || size > max) why = `not in valid range [${min},${max}]`;
  else if (size % 8 !== 0) why = 'is not a multiple of 8';
  else return;
  throw refused('OFPBAC_BAD_LEN', `OpenFlow action ${printed} length ${size} ${why}`);
}

/**
 * Adds the actions to what was written, as the version has them for packets of the match. Throws OpenFlowError where it
 * has no such action.
 */
export function writeActions(to: Writer, list: readonly Action[], version: WireVersion, match?: Match): void {
  const packet = new PacketShape(match);
  writeList(to, list, version, packet);
  packet.release();
}

/** `packet` is what is known of packets at this point. */
export function writeList(
  to: Writer,
  list: readonly AnyAction[],
  version: WireVersion,
  packet: PacketShape,
): void {
  for (const action of list) {
    const { sentAs, changes } = declarationOf(action);
    const instead = sentAs?.(action, version, packet);
    if (instead === undefined) {
      writeAction(to, action, version, packet);
      changes?.(action, packet);
    } else if (instead.length > 0) writeList(to, instead, version, packet);
    else changes?.(action, packet);
  }
}

function writeAction(to: Writer, action: AnyAction, version: WireVersion, packet: PacketShape): void {
  const known = formFor(action, version);
  if (known === undefined)
    throw new OpenFlowError('OFPBAC_BAD_TYPE', `${action.do} is no action of version ${version}`);
  const { form, experimenter, number } = known;
  const start = to.size;
  to.u16(experimenter === 0 ? number : experimenterType);
  to.u16(0);
  if (headerSizeOf(form.wire) > 4) {
    to.u32(experimenter);
    to.u16(number);
  }
  form.encode(action, to, version, (list) => writeList(to, list, version, packet.copy()));
  to.pad(start);
  to.setU16(start + 2, to.size - start);
}

function formFor(action: AnyAction, version: WireVersion): KnownForm | undefined {
  // An extension that a version should not have is sent all the same, and refused by the switch.
  const forms = formsByName[version]?.get(action.do) ?? extensionForms.get(action.do);
  if (forms === undefined) return undefined;
  for (const known of forms) if (known.form.canSay?.(action, version) !== false) return known;
  return undefined;
}

/** "drop" for none. */
export function formatActions(list: readonly AnyAction[], context: ActionText): string {
  const { paint } = context;
  const text = formatPlainActions(list, context);
  return paint === undefined ? text : paintActions(text, paint);
}

function formatPlainActions(list: readonly AnyAction[], context: ActionText): string {
  if (list.length === 0) return 'drop';
  const shared = sharedList(list);
  if (shared === undefined) return formatList(list, context);
  const { ports, tables } = context;
  if (shared.text?.ports !== ports || shared.text.tables !== tables)
    shared.text = { ports, tables, text: formatList(list, context) };
  return shared.text.text;
}

function formatList(list: readonly AnyAction[], context: ActionText): string {
  const formatInner = (inner: readonly AnyAction[]): string => formatPlainActions(inner, context);
  return list.map((action) => declarationOf(action).format(action, context, formatInner)).join(',');
}

/** Reads what ovs-ofctl takes as actions. Throws Malformed, whose `why` is the whole message. */
export function readActionText(text: string, context: ActionText): Action[] {
  return readTextList(text, context, { allows: 'actions and meter' }, 0) as Action[]; // all were declared
}

/** The same for a flow, where instructions may be among them. */
export function readInstructionText(text: string, context: ActionText): Action[] {
  return readTextList(text, context, { allows: 'instructions' }, 0) as Action[]; // all were declared
}

function readTextList(text: string, context: ActionText, place: ListPlace, depth: number): AnyAction[] {
  if (depth >= mostDepth) throw wrong('Action nested too deeply');
  const readInner = (inner: string, outer: Outer): AnyAction[] =>
    readTextList(inner, context, { outer, allows: 'actions and meter' }, depth + 1);
  const list: AnyAction[] = [];
  let isDrop = false;
  for (const { name, value } of keyValues(text)) {
    if (name.toLowerCase() === 'drop') isDrop = true;
    else list.push(readOne(name, value, context, readInner));
    if (list.length > mostActions) throw wrong('input too big');
  }
  if (isDrop && list.length > 0)
    throw wrong('"drop" must not be accompanied by any other action or instruction');
  try {
    verifyActions(list, textVersion, place);
  } catch (error) {
    throw error instanceof OpenFlowError ? wrong(error.why) : error;
  }
  return list;
}

/** Most actions take 16 bytes of a message, which has 64 KiB. */
const mostActions = 4095;

/** Whose rules text follows. */
const textVersion = 2;

/** Words that are no actions, and what is said of them. */
const refusedWords: Readonly<Record<string, string>> = {
  apply_actions: 'apply_actions is the default instruction',
  unroll_xlate: "UNROLL is an internal action that shouldn't be used via OpenFlow",
};

function readOne(
  word: string,
  value: string,
  context: ActionText,
  readInner: (text: string, outer: Outer) => AnyAction[],
): AnyAction {
  const name = word.toLowerCase();
  const declared = byWord.get(name);
  if (declared !== undefined) {
    const read = declared.read(value, context, name, readInner);
    return 'do' in read ? read : { do: declared.name, ...read };
  }
  const refused = Object.hasOwn(refusedWords, name) ? refusedWords[name] : undefined;
  if (refused !== undefined) throw wrong(refused);
  const port = readPortArgument(word, context);
  if (port === undefined) throw wrong(`unknown action ${word}`);
  return instead(output, { port, maxLength: 0 });
}
