/**
 * Reads the members of a JSON object that must have a fixed form (a schema, an operation, a request): each member by
 * name and type, then `finish`, which refuses what was not asked for. The first error is kept, with the reference's
 * words. Used by the schema compiler, the operations and the server's requests.
 */

import { orderAsHashed } from '../../base/hash-order.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isArray, isInteger, isObject, numberOf } from '../../rpc/json-value.ts';
import { type OvsdbError, syntaxError } from './errors.ts';

export class MemberReader {
  readonly #json: JsonObject | undefined;
  readonly #name: () => string;
  readonly #used: string[] = [];
  #error: OvsdbError | undefined;

  /** `name` says what is parsed, for "Parsing NAME failed". */
  constructor(json: Json | undefined, name: () => string) {
    this.#name = name;
    this.#json = isObject(json) ? json : undefined;
    if (this.#json === undefined) this.raise('Object expected.');
  }

  get error(): OvsdbError | undefined {
    return this.#error;
  }

  /** The object itself, for messages. */
  get json(): JsonObject | undefined {
    return this.#json;
  }

  any(name: string): Json | undefined {
    return this.#member(name, true, () => true);
  }

  string(name: string, isOptional = false): string | undefined {
    return this.#member(name, isOptional, isString);
  }

  /** A string that is an RFC 7047 `<id>`. */
  id(name: string, isOptional = false): string | undefined {
    return this.#member(name, isOptional, isIdJson);
  }

  boolean(name: string, isOptional = false): boolean | undefined {
    return this.#member(name, isOptional, isBoolean);
  }

  integer(name: string, isOptional = false): number | bigint | undefined {
    return this.#member(name, isOptional, isInteger);
  }

  number(name: string, isOptional = false): number | bigint | undefined {
    const json = this.#member(name, isOptional, isNumber);
    return json === undefined ? undefined : numberOf(json);
  }

  array(name: string, isOptional = false): readonly Json[] | undefined {
    return this.#member(name, isOptional, isArray);
  }

  object(name: string, isOptional = false): JsonObject | undefined {
    return this.#member(name, isOptional, isObject);
  }

  /** A member that `isExpected` accepts, for types with alternatives. */
  member<T extends Json>(
    name: string,
    isOptional: boolean,
    isExpected: (json: Json) => json is T,
  ): T | undefined {
    return this.#member(name, isOptional, isExpected);
  }

  /** Records an error, unless there is one already. */
  raise(why: string): void {
    this.#error ??= syntaxError(this.#json, `Parsing ${this.#name()} failed: ${why}`);
  }

  /** Throws the first error, if there was one. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** Refuses members that nobody asked for; the error, if there is one now. */
  finish(): OvsdbError | undefined {
    if (this.#error !== undefined || this.#json === undefined) return this.#error;
    for (const name in this.#json)
      if (!this.#used.includes(name)) {
        this.#refuseUnused(this.#json);
        break;
      }
    return this.#error;
  }

  /** Names the one that the reference comes upon first. */
  #refuseUnused(json: JsonObject): void {
    const names = orderAsHashed(Object.keys(json), (name) => name);
    const [first, ...others] = names.filter((name) => !this.#used.includes(name));
    const more =
      others.length === 0 ? '' : ` and ${others.length} other member${others.length > 1 ? 's' : ''}`;
    this.raise(`Member '${first}'${more} ${more === '' ? 'is' : 'are'} present but not allowed here.`);
  }

  #member<T extends Json>(
    name: string,
    isOptional: boolean,
    isExpected: ((json: Json) => json is T) | ((json: Json) => boolean),
  ): T | undefined {
    if (this.#json === undefined) return undefined;
    const value = Object.hasOwn(this.#json, name) ? this.#json[name] : undefined;
    if (value === undefined) {
      if (!isOptional) this.raise(`Required '${name}' member is missing.`);
      return undefined;
    }
    if (!isMember(value, isExpected)) {
      this.raise(`Type mismatch for member '${name}'.`);
      return undefined;
    }
    this.#used.push(name);
    return value;
  }
}

function isMember<T extends Json>(
  value: Json,
  isExpected: ((json: Json) => json is T) | ((json: Json) => boolean),
): value is T {
  return isExpected(value);
}

function isString(json: Json): json is string {
  return typeof json === 'string';
}

function isBoolean(json: Json): json is boolean {
  return typeof json === 'boolean';
}

function isNumber(json: Json): boolean {
  return numberOf(json) !== undefined;
}

/** RFC 7047 `<id>`. */
export function isId(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

function isIdJson(json: Json): json is string {
  return typeof json === 'string' && isId(json);
}
