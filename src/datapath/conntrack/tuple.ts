/**
 * What tells a connection by the packets of one direction: zone, protocol, addresses and ports, as ten words. Tuples are
 * what connections are found by, and what address translation changes.
 *
 * Word 0: zone << 16 | version of IP << 8 | protocol. Word 1: source port << 16 | destination port; of ICMP,
 * identifier << 16 | type << 8 | code. Words 2 to 5: source address, one of IPv4 in the first; 6 to 9: destination.
 */
import { finishHash, mixWord } from '../../base/murmur3.ts';
import { isIcmpProtocol } from '../../wire/ip.ts';

export type Tuple = Uint32Array;

const wordCount = 10;
const sourceWord = 2;
const destinationWord = 6;
const addressWords = 4;

/** Where addresses lie in a tuple. */
export const tupleWord = { ports: 1, source: sourceWord, destination: destinationWord } as const;

export function newTuple(): Tuple {
  return new Uint32Array(wordCount);
}

export function setKind(tuple: Tuple, zone: number, version: 4 | 6, protocol: number): void {
  tuple[0] = (zone << 16) | (version << 8) | protocol;
}

export function setPorts(tuple: Tuple, source: number, destination: number): void {
  tuple[1] = (source << 16) | destination;
}

export function setIcmp(tuple: Tuple, id: number, type: number, code: number): void {
  tuple[1] = (id << 16) | (type << 8) | code;
}

export function zoneOf(tuple: Tuple): number {
  return (tuple[0] ?? 0) >>> 16;
}

export function ipVersionOf(tuple: Tuple): 4 | 6 {
  return (((tuple[0] ?? 0) >>> 8) & 0xff) === 4 ? 4 : 6;
}

export function tupleProtocolOf(tuple: Tuple): number {
  return (tuple[0] ?? 0) & 0xff;
}

export function sourcePortOf(tuple: Tuple): number {
  return (tuple[1] ?? 0) >>> 16;
}

export function destinationPortOf(tuple: Tuple): number {
  return (tuple[1] ?? 0) & 0xffff;
}

/** Of ICMP. */
export function icmpOf(tuple: Tuple): { readonly id: number; readonly type: number; readonly code: number } {
  const word = tuple[1] ?? 0;
  return { id: word >>> 16, type: (word >>> 8) & 0xff, code: word & 0xff };
}

/** Answers by what asks: echo, timestamp, information and address mask of RFC 792, echo of RFC 4443. */
const icmpAnswers: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
  [128, 129],
]);
/** Both ways. */
const otherIcmpType: ReadonlyMap<number, number> = new Map(
  [...icmpAnswers].flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]),
);

/** Of ICMP: only what asks begins something. */
export function isQuery(tuple: Tuple): boolean {
  return icmpAnswers.has(icmpOf(tuple).type);
}

/** The type of the messages that answer those of that type; undefined where nothing does. */
export function answeringType(type: number): number | undefined {
  return otherIcmpType.get(type);
}

/** That of the other direction, written to `into`. False for ICMP that has none. */
export function reverse(tuple: Tuple, into: Tuple): boolean {
  into[0] = tuple[0] ?? 0;
  for (let n = 0; n < addressWords; n++) {
    into[sourceWord + n] = tuple[destinationWord + n] ?? 0;
    into[destinationWord + n] = tuple[sourceWord + n] ?? 0;
  }
  const ports = tuple[1] ?? 0;
  if (!isIcmpProtocol(tupleProtocolOf(tuple))) {
    into[1] = (ports << 16) | (ports >>> 16);
    return true;
  }
  const { id, type, code } = icmpOf(tuple);
  const answer = answeringType(type);
  if (answer === undefined) return false;
  setIcmp(into, id, answer, code);
  return true;
}

export function isSameTuple(a: Tuple, b: Tuple): boolean {
  for (let n = 0; n < wordCount; n++) if (a[n] !== b[n]) return false;
  return true;
}

/** Signed. */
export function hashOfTuple(tuple: Tuple, seed: number): number {
  let hash = seed;
  for (let n = 0; n < wordCount; n++) hash = mixWord(hash, tuple[n] ?? 0);
  return finishHash(hash);
}

export function copyTuple(tuple: Tuple): Tuple {
  return tuple.slice();
}

/** Sixteen bytes, or four of IPv4, from `tupleWord.source` or `destination` on. */
export function tupleAddressOf(tuple: Tuple, word: number): number[] {
  const count = ipVersionOf(tuple) === 4 ? 1 : addressWords;
  return Array.from({ length: count }, (_, n) => tuple[word + n] ?? 0).flatMap((value) => [
    value >>> 24,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  ]);
}

/** The inverse of `tupleAddressOf`. */
export function setAddress(tuple: Tuple, word: number, bytes: readonly number[]): void {
  tuple.fill(0, word, word + addressWords);
  bytes.forEach((byte, n) => {
    const at = word + (n >> 2);
    tuple[at] = (tuple[at] ?? 0) | (byte << (24 - 8 * (n & 3)));
  });
}
