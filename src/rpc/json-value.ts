/**
 * JSON as values: a `number` is what the language writes as the reference does, a safe integer or a short real; a
 * `bigint` is a larger integer of 64 bits; a `JsonReal` is any other real. Used by whatever reads or makes JSON.
 */

export type Json = null | boolean | number | bigint | string | JsonReal | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A real that a number would show as an integer, or in other digits than the reference prints: 1e300, 0.00001. */
export class JsonReal {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  /** Throws TypeError, as for a bigint: the language's own writer must leave such a value to `formatJson`. */
  toJSON(): never {
    throw new TypeError('a JsonReal is written by formatJson');
  }
}

/** As C's "%.15g" prints it. */
export function formatReal(value: number): string {
  if (Number.isSafeInteger(value) && Math.abs(value) < 1e15) return String(value + 0);
  const magnitude = Math.abs(value);
  const rounded = value.toPrecision(15);
  if (magnitude >= 1e-4 && Math.abs(Number(rounded)) < 1e15) {
    return rounded.includes('e') ? String(Number(rounded)) : trimZeros(rounded);
  }
  const [digits = '', exponent = '0'] = value.toExponential(14).split('e');
  const power = Number(exponent);
  return `${trimZeros(digits)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** A real that is to be written, with the digits that the reference keeps. */
export function realToJson(value: number): number | JsonReal {
  const text = formatReal(value);
  const kept = Number(text);
  return String(kept) === text ? kept : new JsonReal(value);
}

/** Undefined for what is no number. */
export function numberOf(json: Json): number | bigint | undefined {
  if (json instanceof JsonReal) return json.value;
  return typeof json === 'number' || typeof json === 'bigint' ? json : undefined;
}

/** A JSON number that is a 64-bit integer, however it was written. */
export function isInteger(json: Json): json is number | bigint {
  return typeof json === 'bigint' || Number.isSafeInteger(json);
}

export function isArray(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof JsonReal);
}

function trimZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
