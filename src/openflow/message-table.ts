/** All forms of all messages by where they stand on the wire in each version, and by name. `codec.ts` looks them up. */
import type { MessageForm, MessageText, WirePlace } from './declare.ts';
import { type Message, messages } from './messages/index.ts';
import { allVersions, isWithin, readRange, type VersionRange, type WireVersion } from './versions.ts';

/** The standard's messages and multiparts, Nicira's, the ONF's. */
export type MessageKind = 'OFPT' | 'NXT' | 'ONFT' | 'OFPST' | 'NXST' | 'ONFST';
export type MessageDirection = 'request' | 'reply' | undefined;

export interface KnownForm {
  readonly name: Message['name'];
  /** As it is printed: "OFPST_FLOW reply". */
  readonly printed: string;
  readonly form: MessageForm<unknown>;
  readonly format: (value: unknown, context: MessageText) => string;
  readonly kind: MessageKind;
  readonly number: number;
  readonly direction: MessageDirection;
}

/** The standard's messages by version and type. Version 0 is any that is not known. */
const byType: KnownForm[][] = [0, ...allVersions].map(() => []);
/** The others by version, kind and direction, then by number. */
const byPlace = new Map<string, Map<number, KnownForm>>();
/** All forms that a version has. */
const byName = new Map<string, KnownForm[][]>();

for (const { name, forms, format } of messages) {
  const byVersion: KnownForm[][] = [0, ...allVersions].map(() => []);
  byName.set(name, byVersion);
  for (const form of forms) {
    const { kind, range, number, direction } = readPlace(form.wire);
    const bare = form.as ?? (direction === undefined ? name : name.replace(/_[A-Z]+$/, ''));
    // Form and text are of one declaration: who finds them by name or number gives and gets no other's value.
    const known: KnownForm = {
      name,
      printed: `${kind}_${bare}${direction === undefined ? '' : ` ${direction}`}`,
      form: form as MessageForm<unknown>,
      format: format as KnownForm['format'],
      kind,
      number,
      direction,
    };
    if (range === 'all') add(0, known);
    for (const version of allVersions.filter((v) => isWithin(readRange(range), v))) {
      byVersion[version]?.push(known);
      add(version, known);
    }
  }
}

function readPlace(
  wire: WirePlace,
): Pick<KnownForm, 'kind' | 'number' | 'direction'> & { range: VersionRange } {
  const [kind, range, number, direction] = wire.split(' ');
  // The type of `wire` says what each of them can be.
  return {
    kind: kind as MessageKind,
    number: Number(number),
    direction: direction as MessageDirection,
    range: range as VersionRange,
  };
}

function add(version: number, known: KnownForm): void {
  const { kind, number, direction } = known;
  if (kind === 'OFPT') {
    const types = byType[version];
    if (types !== undefined) types[number] = known;
    return;
  }
  const place = `${version} ${kind} ${direction}`;
  const numbers = byPlace.get(place) ?? new Map<number, KnownForm>();
  byPlace.set(place, numbers.set(number, known));
}

/** The form with that type in the header; `version` is any number. */
export function formOfType(version: number, type: number): KnownForm | undefined {
  return (byType[version] ?? byType[0])?.[type];
}

/** The form of a multipart or an extension. */
export function formOfNumber(
  version: number,
  kind: MessageKind,
  direction: MessageDirection,
  number: number,
): KnownForm | undefined {
  return byPlace.get(`${version} ${kind} ${direction}`)?.get(number);
}

/** The forms that a version has of a message; the first is what is sent unless another is asked for. */
export function formsToSend(version: WireVersion, name: Message['name']): readonly KnownForm[] {
  return byName.get(name)?.[version] ?? [];
}

/** The form of that printed name, or else the first that the version has; undefined for none. */
export function formToSend(
  version: WireVersion,
  name: Message['name'],
  printed?: string,
): KnownForm | undefined {
  const forms = formsToSend(version, name);
  return forms.find((known) => known.printed === printed) ?? forms[0];
}
