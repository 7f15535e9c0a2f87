/**
 * Address translation of a new connection: chooses what its packets get, so that those that answer are told from the
 * answers of all other connections. Follows ovs-actions(7), "nat", and RFC 4787 as to ports. Packets are rewritten
 * elsewhere, by the tuples of their connection.
 */
import type { Random } from '../../base/random.ts';
import type { Ms } from '../../base/units.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { Nat } from '../actions.ts';
import type { TrackedConnection } from './connection.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { Expectation } from './gateways/expectations.ts';
import { AddressChoice, fitsVersion, namesAddress, PortChoice, type Start, startOf } from './nat-choices.ts';
import {
  destinationPortOf,
  setPorts,
  sourcePortOf,
  type Tuple,
  tupleProtocolOf,
  tupleWord,
} from './tuple.ts';

/** Tuples looked up at most for one connection: all ports of one address, and some of others. */
const attemptLimit = 2 ** 17;

/** Of each direction: the word of the reply's address that is chosen, and what the connection then notes. */
const directions = {
  src: { word: tupleWord.destination, flag: 'natSource' },
  dst: { word: tupleWord.source, flag: 'natDestination' },
} as const;

/**
 * Chooses the addresses and ports that packets of a new connection get, and writes them into its reply tuple, with
 * `natSource` or `natDestination`. False where all that are allowed are taken.
 *
 * Differs: `nat` without a direction translates nothing; the reference remembers a connection of address 0.0.0.0 and
 * port 0, to which no answer belongs. Of a range of addresses all are tried; the reference gives up after one.
 */
export function chooseTranslation(
  connection: TrackedConnection,
  nat: Nat,
  table: ConnectionTable,
  random: Random,
  now: Ms,
): boolean {
  const { direction, range } = nat;
  if (direction === undefined) return true;
  const { word, flag } = directions[direction];
  const { original, reply } = connection;
  const start = startOf(nat, original, table.seed, random);
  const isFree = freePortsOf(connection, nat, start, table, now);
  connection[flag] = true;
  if (!namesAddress(range)) return isFree();
  if (!fitsVersion(range, reply)) return false;
  const addresses = new AddressChoice(range, start.address);
  const tries = Math.min(addresses.count, attemptLimit);
  for (let n = 0; n < tries; n++) {
    addresses.write(n, reply, word);
    if (isFree()) return true;
  }
  return false;
}

/**
 * The same for a connection that another one announced: addresses and the port of its destination are as that said.
 *
 * Differs: the source port may change where answers could not be told from those of another connection otherwise.
 */
export function takeTranslation(
  connection: TrackedConnection,
  { reply: wanted, natSource, natDestination }: Expectation,
  table: ConnectionTable,
  now: Ms,
): boolean {
  const { original, reply } = connection;
  connection.natSource = natSource;
  connection.natDestination = natDestination;
  reply.set(wanted);
  const port = sourcePortOf(wanted);
  const sources = PortChoice.near(sourcePortOf(original));
  for (let n = 0; n < sources.count; n++) {
    setPorts(reply, port, sources.at(n));
    if (table.find(reply, now) === undefined) return true;
  }
  return false;
}

/** What finds ports for the addresses in a connection's reply tuple, and writes them there. */
function freePortsOf(
  { original, reply }: TrackedConnection,
  nat: Nat,
  start: Start,
  table: ConnectionTable,
  now: Ms,
): () => boolean {
  let attempts = attemptLimit;
  const isFree = (): boolean => attempts-- > 0 && table.find(reply, now) === undefined;
  if (!hasPorts(original)) return isFree;
  const { sources, destinations } = portsOf(original, nat, start);
  return () => {
    for (let n = 0; n < sources.count && attempts > 0; n++)
      for (let m = 0; m < destinations.count && attempts > 0; m++) {
        setPorts(reply, destinations.at(m), sources.at(n));
        if (isFree()) return true;
      }
    return false;
  };
}

/** ICMP keeps its identifier. */
function hasPorts(tuple: Tuple): boolean {
  const protocol = tupleProtocolOf(tuple);
  return protocol === ipProtocol.tcp || protocol === ipProtocol.udp;
}

/** Of the packets of the original direction. A destination that is full is told apart by the source port. */
function portsOf(
  original: Tuple,
  { direction, range }: Nat,
  start: Start,
): { readonly sources: PortChoice; readonly destinations: PortChoice } {
  const wanted = range && PortChoice.within(range, start.port);
  const near = PortChoice.near(sourcePortOf(original));
  const same = PortChoice.only(destinationPortOf(original));
  if (direction === 'src') return { sources: wanted ?? near, destinations: same };
  return { sources: near, destinations: wanted ?? same };
}
