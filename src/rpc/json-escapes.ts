/**
 * Escapes of JSON strings, RFC 8259 section 7, with the reference's words for what is wrong. Used by the exact parser
 * and for quoted strings in command line arguments.
 */
import { encodeText, firstByte, halfPair } from '../base/text.ts';

export type Unescaped = { readonly error: undefined; readonly text: string } | { readonly error: string };

const simpleEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The string that `raw`, the text between two quotes, stands for. */
export function unescapeJson(raw: string): Unescaped {
  let text = '';
  for (let at = 0; at < raw.length; ) {
    const c = raw.charAt(at);
    if (c === '"') return { error: 'quoted string may not include unescaped "' };
    if (c !== '\\') {
      text += c;
      at++;
      continue;
    }
    const letter = raw.charAt(at + 1);
    if (letter === '') return { error: 'quoted string may not end with backslash' };
    const simple = simpleEscapes[letter];
    if (simple !== undefined) {
      text += simple;
      at += 2;
      continue;
    }
    if (letter !== 'u') return { error: `bad escape \\${firstByte(raw.slice(at + 1))}` };
    const read = readUnicodeEscape(raw, at);
    if (typeof read === 'string') return { error: read };
    text += read.text;
    at = read.end;
  }
  return { error: undefined, text };
}

/** Reads the \u escape at `at`, with the second half of a surrogate pair. A string says what is wrong. */
function readUnicodeEscape(raw: string, at: number): { text: string; end: number } | string {
  const first = readHex4(raw, at + 2);
  if (typeof first === 'string') return first;
  if (first < 0xd800 || first > 0xdfff) return { text: String.fromCharCode(first), end: at + 6 };
  // A lone second half is no error here: its three bytes are later found not to be UTF-8.
  if (first > 0xdbff) return { text: halfPair(first), end: at + 6 };
  if (raw.slice(at + 6, at + 8) !== '\\u') return 'malformed escaped surrogate pair';
  const second = readHex4(raw, at + 8);
  if (typeof second === 'string') return second;
  if (second < 0xdc00 || second > 0xdfff) {
    return 'second half of escaped surrogate pair is not trailing surrogate';
  }
  return { text: String.fromCharCode(first, second), end: at + 12 };
}

function readHex4(raw: string, at: number): number | string {
  const digits = raw.slice(at, at + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
    const isCut = encodeText(digits).length < 4;
    return isCut ? 'quoted string ends within \\u escape' : 'malformed \\u escape';
  }
  const value = Number.parseInt(digits, 16);
  return value === 0 ? 'null bytes not supported in quoted strings' : value;
}
