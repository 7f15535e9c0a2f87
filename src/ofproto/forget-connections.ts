/**
 * Makes a datapath forget tracked connections: for controllers (NXT_CT_FLUSH, NXT_CT_FLUSH_ZONE) and for
 * `dpctl/flush-conntrack`, both of which say which by parts of their tuples.
 */

import { logger } from '../base/log.ts';
import type { AsksConntrack, TuplePattern, TupleWords } from '../datapath/conntrack/queries.ts';
import {
  newTuple,
  setAddress,
  setKind,
  setPorts,
  type Tuple,
  tupleWord,
} from '../datapath/conntrack/tuple.ts';
import { type CtFlush, type CtTuple, formatCtFlush, hasTuples } from '../openflow/messages/ct-flush.ts';
import { isIcmpProtocol } from '../wire/ip.ts';

export interface TrackingDatapath extends AsksConntrack {
  readonly type: string;
  readonly name: string;
}

const log = logger('ct_dpif');
const trackerLog = logger('conntrack');

/** All of a zone; undefined: of all zones. */
export async function forgetZone(datapath: TrackingDatapath, zone: number | undefined): Promise<void> {
  logFlush(datapath, () => (zone === undefined ? '<all>' : `zone ${zone}`));
  await datapath.conntrack({ ask: 'flush', zone });
}

/**
 * False where exactly one connection is meant and there is no such: all of its first direction is told, and nothing of
 * the other one. It may be told by the tuple of its answers, too, unless addresses are translated.
 */
export async function forgetConnections(datapath: TrackingDatapath, value: CtFlush): Promise<boolean> {
  if (!hasTuples(value)) {
    await forgetZone(datapath, value.zone);
    return true;
  }
  logFlush(datapath, () => formatCtFlush(value));
  const { protocol, original, reply } = value;
  if (!isWhole(original, protocol) || !isEmpty(reply, protocol)) {
    await datapath.conntrack({
      ask: 'flushAlike',
      original: patternOf(value, original),
      reply: patternOf(value, reply),
    });
    return true;
  }
  const isKnown = await datapath.conntrack({ ask: 'flushOne', tuple: tupleOf(value, original) });
  if (!isKnown) trackerLog.warn('Must flush tuple using the original pre-NATed tuple');
  return isKnown;
}

function logFlush({ type, name }: TrackingDatapath, what: () => string): void {
  log.dbg(() => `${type}@${name}: ct_flush: ${what()}`);
}

function isTold(address: Uint8Array): boolean {
  return address.some((byte) => byte !== 0);
}

function isWhole({ source, destination, sourcePort, destinationPort }: CtTuple, protocol: number): boolean {
  const hasPorts = isIcmpProtocol(protocol) || (sourcePort !== 0 && destinationPort !== 0);
  return isTold(source) && isTold(destination) && hasPorts;
}

function isEmpty({ source, destination, sourcePort, destinationPort }: CtTuple, protocol: number): boolean {
  const hasPorts = !isIcmpProtocol(protocol) && (sourcePort !== 0 || destinationPort !== 0);
  return !isTold(source) && !isTold(destination) && !hasPorts;
}

function tupleOf({ protocol, zone = 0, isIpv4 }: CtFlush, tuple: CtTuple): TupleWords {
  const words = newTuple();
  setKind(words, zone, isIpv4 ? 4 : 6, protocol);
  setPorts(words, tuple.sourcePort, tuple.destinationPort);
  writeAddress(words, tupleWord.source, tuple.source, isIpv4);
  writeAddress(words, tupleWord.destination, tuple.destination, isIpv4);
  return [...words];
}

/** IPv4 addresses come mapped into those of IPv6. */
function writeAddress(words: Tuple, word: number, address: Uint8Array, isIpv4: boolean): void {
  setAddress(words, word, [...(isIpv4 ? address.subarray(12) : address)]);
}

/** What is zero may be anything, but for ICMP: id, type and code are always meant. */
function patternOf(value: CtFlush, tuple: CtTuple): TuplePattern {
  const { protocol, zone, isIpv4, original, reply } = value;
  const hasFamily = [original, reply].some((one) => isTold(one.source) || isTold(one.destination));
  const mask = newTuple();
  setKind(mask, zone === undefined ? 0 : 0xffff, 4, protocol === 0 ? 0 : 0xff);
  mask[0] = ((mask[0] ?? 0) & ~0xff00) | (hasFamily ? 0xff00 : 0);
  const maskOf = (port: number): number => (isIcmpProtocol(protocol) || port !== 0 ? 0xffff : 0);
  setPorts(mask, maskOf(tuple.sourcePort), maskOf(tuple.destinationPort));
  const addresses = [
    [tupleWord.source, tuple.source],
    [tupleWord.destination, tuple.destination],
  ] as const;
  for (const [word, address] of addresses)
    if (isTold(address)) setAddress(mask, word, new Array<number>(isIpv4 ? 4 : 16).fill(0xff));
  return { value: tupleOf(value, tuple), mask: [...mask] };
}
