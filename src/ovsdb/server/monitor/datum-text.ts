/**
 * Values as the JSON text of RFC 7047 section 5.1, written straight into a string: a snapshot of a large table is
 * mostly this. Also the differences that update2 and update3 carry (ovsdb-server(7), "Update2 Notification").
 */

import { formatReal } from '../../../rpc/json-value.ts';
import type { AtomType } from '../../atom.ts';
import { isAtoms } from '../../engine/datum.ts';
import { diffDatums } from '../../engine/datum-algebra.ts';
import type { ColumnType, Datum } from '../../engine/types.ts';
import type { Scalar } from '../../schema-types.ts';

type AtomText = (atom: Scalar) => string;

const atomTexts: { readonly [T in AtomType]: AtomText } = {
  integer: String,
  boolean: String,
  real: (atom) => formatReal(Number(atom)),
  string: (atom) => JSON.stringify(atom),
  uuid: (atom) => `["uuid","${atom}"]`,
};

/** The function that writes values of `type`. */
export function datumWriter(type: ColumnType): (datum: Datum) => string {
  const keyText = atomTexts[type.key.type];
  if (type.value === undefined) return (datum) => (isAtoms(datum) ? setText(datum, keyText) : keyText(datum));
  const valueText = atomTexts[type.value.type];
  return (datum) => mapText(isAtoms(datum) ? datum : [], keyText, valueText);
}

/** The function that writes what turns one value of `type` into another. */
export function differenceWriter(type: ColumnType): (before: Datum, after: Datum) => string {
  const write = datumWriter(type);
  return (before, after) => write(diffDatums(type, before, after));
}

/** RFC 7047: a set of one element may be written as that element; the reference always does. */
function setText(atoms: readonly Scalar[], text: AtomText): string {
  const [first] = atoms;
  if (atoms.length === 1 && first !== undefined) return text(first);
  let out = '["set",[';
  for (let i = 0; i < atoms.length; i++) {
    const atom = atoms[i];
    if (atom !== undefined) out += i === 0 ? text(atom) : `,${text(atom)}`;
  }
  return `${out}]]`;
}

function mapText(pairs: readonly Scalar[], keyText: AtomText, valueText: AtomText): string {
  let out = '["map",[';
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const key = pairs[i];
    const value = pairs[i + 1];
    if (key === undefined || value === undefined) continue;
    out += `${i === 0 ? '[' : ',['}${keyText(key)},${valueText(value)}]`;
  }
  return `${out}]]`;
}
