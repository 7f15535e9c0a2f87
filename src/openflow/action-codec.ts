/** Lists of actions as bytes and as text, by the declarations of `actions/`. */
import { keyValues } from '../flow/key-values.ts';
import { readOutputPort, wrong } from './actions/arguments.ts';
import { type ActionForm, type ActionText, headerSizeOf } from './actions/declare.ts';
import { type Action, actions } from './actions/index.ts';
import type { Reader, Writer } from './bytes.ts';
import { OpenFlowError } from './errors.ts';
import { allVersions, isWithin, readRange, type VersionRange, type WireVersion } from './versions.ts';

const experimenterType = 0xffff;
const experimenters = { OF: 0, NX: 0x00002320, ONF: 0x4f4e4600 } as const;

interface KnownForm {
  readonly name: Action['do'];
  readonly form: ActionForm<object>;
  readonly experimenter: number;
  readonly number: number;
}

const formsByPlace = new Map<string, KnownForm>();
const formsByName = new Map<string, KnownForm[]>();
const byWord = new Map<string, (typeof actions)[number]>();

for (const declared of actions) {
  for (const word of declared.words) byWord.set(word, declared);
  for (const form of declared.forms) {
    const [whose = '', range = '', number = ''] = form.wire.split(' ');
    const experimenter = experimenters[whose as keyof typeof experimenters]; // the type of `wire` says so
    // Whoever finds a form by its action's name or number gives it, and gets from it, that action's value only.
    const known: KnownForm = {
      name: declared.name,
      form: form as ActionForm<object>,
      experimenter,
      number: Number(number),
    };
    for (const version of allVersions.filter((v) => isWithin(readRange(range as VersionRange), v))) {
      formsByPlace.set(`${version} ${experimenter} ${known.number}`, known);
      const name = `${version} ${declared.name}`;
      formsByName.set(name, [...(formsByName.get(name) ?? []), known]);
    }
  }
}

/** Reads actions up to the end of `from`. Throws OpenFlowError. */
export function readActions(from: Reader, version: WireVersion): Action[] {
  const list: Action[] = [];
  while (from.left > 0) list.push(readAction(from, version));
  return list;
}

function readAction(from: Reader, version: WireVersion): Action {
  if (from.left < 4) throw new OpenFlowError('OFPBAC_BAD_LEN', `${from.left} bytes where an action begins`);
  const start = from.at;
  const type = from.u16();
  const size = from.u16();
  if (size < 8 || size % 8 !== 0 || size > from.end - start)
    throw new OpenFlowError('OFPBAC_BAD_LEN', `an action of ${size} bytes with ${from.end - start} left`);
  const body = from.part(size - 4, 'OFPBAC_BAD_LEN');
  const experimenter = type === experimenterType ? body.u32() : 0;
  const number = type === experimenterType ? body.u16() : type;
  const known = formsByPlace.get(`${version} ${experimenter} ${number}`);
  if (known === undefined) throw unknown(experimenter, number);
  const [least, step] = known.form.size(version);
  const more = body.left - least;
  if (more < 0 || (step === 0 ? more !== 0 : more % step !== 0))
    throw new OpenFlowError('OFPBAC_BAD_LEN', `${known.name} of ${size} bytes`);
  return { do: known.name, ...known.form.decode(body, version) } as Action; // the value of that action's own form
}

function unknown(experimenter: number, number: number): OpenFlowError {
  if (experimenter === 0) return new OpenFlowError('OFPBAC_BAD_TYPE', `action type ${number}`);
  const isKnown = Object.values<number>(experimenters).includes(experimenter);
  return isKnown
    ? new OpenFlowError('OFPBAC_BAD_VENDOR_TYPE', `action ${number} of an experimenter`)
    : new OpenFlowError('OFPBAC_BAD_VENDOR', `experimenter 0x${experimenter.toString(16)}`);
}

/** Adds the actions to what was written. Throws OpenFlowError where the version has no such action. */
export function writeActions(to: Writer, list: readonly Action[], version: WireVersion): void {
  for (const action of list) writeAction(to, action, version);
}

function writeAction(to: Writer, action: Action, version: WireVersion): void {
  const forms = formsByName.get(`${version} ${action.do}`) ?? [];
  const known = forms.find(({ form }) => form.canSay?.(action) !== false);
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
  form.encode(action, to, version);
  to.setU16(start + 2, to.size - start);
}

/** "drop" for none. */
export function formatActions(list: readonly Action[], context: ActionText): string {
  return list.map((action) => formatAction(action, context)).join(',') || 'drop';
}

const byName = new Map(actions.map((declared) => [declared.name, declared]));

function formatAction(action: Action, context: ActionText): string {
  const declared = byName.get(action.do);
  // The declaration of that name takes that action; the compiler cannot relate the two by itself.
  const format = declared?.format as ((value: Action, context: ActionText) => string) | undefined;
  return format?.(action, context) ?? '';
}

/** Reads what ovs-ofctl takes as actions. Throws Malformed, whose `why` is the whole message. */
export function readActionText(text: string, context: ActionText): Action[] {
  const list: Action[] = [];
  let isDrop = false;
  for (const { name, value } of keyValues(text)) {
    if (name.toLowerCase() === 'drop') {
      isDrop = true;
      continue;
    }
    list.push(readOne(name, value, context));
  }
  if (isDrop && list.length > 0)
    throw wrong('"drop" must not be accompanied by any other action or instruction');
  return list;
}

function readOne(word: string, value: string, context: ActionText): Action {
  const declared = byWord.get(word);
  if (declared !== undefined) return { do: declared.name, ...declared.read(value, context, word) } as Action; // of that declaration
  const port = context.ports.read(word);
  if (port === undefined) throw wrong(`unknown action ${word}`);
  return { do: 'output', port: readOutputPort(word, context.ports), maxLength: Number(value) || 0 };
}
