/** JSON string escapes, for quoted strings in command line arguments. RFC 8259 section 7. */

import { simpleEscapes } from '../../rpc/json-exact.ts';

type Unescaped = { readonly text: string; readonly error?: undefined } | { readonly error: string };

/** `inner` is what stands between the quotes. */
export function unescapeJson(inner: string): Unescaped {
  let text = '';
  for (let at = 0; at < inner.length; at++) {
    const c = inner.charAt(at);
    if (c === '"') return { error: 'quoted string may not include unescaped "' };
    if (c !== '\\') {
      text += c;
      continue;
    }
    const kind = inner.charAt(++at);
    if (kind === '') return { error: 'quoted string may not end with backslash' };
    if (kind === 'u') {
      const unit = readUnits(inner, at + 1);
      if (typeof unit === 'string') return { error: unit };
      text += String.fromCharCode(...unit);
      at += unit.length === 1 ? 4 : 10;
    } else {
      const plain = simpleEscapes[kind];
      if (plain === undefined) return { error: `bad escape \\${kind}` };
      text += plain;
    }
  }
  return { text };
}

/** The one or two UTF-16 units that begin at `at`, after "\u"; an error's text otherwise. */
function readUnits(inner: string, at: number): number[] | string {
  const first = readHex(inner, at);
  if (typeof first === 'string') return first;
  if (first < 0xd800 || first > 0xdbff) return [first];
  if (inner.slice(at + 4, at + 6) !== '\\u') return 'malformed escaped surrogate pair';
  const second = readHex(inner, at + 6);
  if (typeof second === 'string') return second;
  if (second < 0xdc00 || second > 0xdfff) {
    return 'second half of escaped surrogate pair is not trailing surrogate';
  }
  return [first, second];
}

function readHex(inner: string, at: number): number | string {
  const digits = inner.slice(at, at + 4);
  if (digits.length < 4) return 'quoted string ends within \\u escape';
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) return 'malformed \\u escape';
  const value = Number.parseInt(digits, 16);
  return value === 0 ? 'null bytes not supported in quoted strings' : value;
}
