/**
 * A control connection announces another one, from its other end to the end that announces: what is expected then, and
 * under which address and port the other end is to be told of it.
 */
import type { TrackedConnection } from '../connection.ts';
import { PortChoice } from '../nat-choices.ts';
import {
  copyTuple,
  destinationPortOf,
  isSameTuple,
  setPorts,
  type Tuple,
  tupleAddressOf,
  tupleWord,
} from '../tuple.ts';
import type { Expectation } from './expectations.ts';
import type { Gateway } from './gateway.ts';

/** What a packet of a control connection announces. */
export interface Offer {
  readonly connection: TrackedConnection;
  readonly gateway: Gateway;
  /** Direction of the packet. */
  readonly isReply: boolean;
  /** At which the end that announces listens. */
  readonly port: number;
  /** Where the other end is to send, unless another connection has that. */
  readonly outerPort: number;
  /** The packet is rewritten, so it may tell of another port. */
  readonly mayChoose: boolean;
}

/** Ports looked at, at most. */
const attemptLimit = 128;

/**
 * Expects what is offered, from any port of the other end. Returns the port that the other end is to be told; undefined
 * where another connection expects the same already.
 *
 * Differs: of two that share a translated address and announce the same port, the second is announced with another one;
 * in the reference both get the first one's connections.
 */
export function expectOffer(offer: Offer): number | undefined {
  const { connection, gateway, isReply, port } = offer;
  const { expectations, expected } = gateway;
  const [sent, answered] = tuplesOf(connection, isReply);
  const reply = ends(sent, port, 0);
  const known = expected.find((sibling) => isSameTuple(sibling.reply, reply));
  if (known !== undefined) return destinationPortOf(known.tuple);
  const tuple = freeTuple(offer, answered);
  if (tuple === undefined) return undefined;
  const [source, destination] = isReply
    ? [connection.natSource, connection.natDestination]
    : [connection.natDestination, connection.natSource];
  const expectation: Expectation = {
    tuple,
    reply,
    // As in ovs-vswitchd: what is not translated is so in name, and bits of ct_state tell of it.
    natSource: source || (isReply && !destination),
    natDestination: destination || (!isReply && !source),
    parent: connection.original,
    mark: connection.mark,
    label: connection.label.slice(),
    siblings: expected,
  };
  expectations.add(expectation);
  return destinationPortOf(tuple);
}

/** The address as its sender knows it, or as the other end is told it. */
export function isOwnAddress(
  address: ArrayLike<number>,
  connection: TrackedConnection,
  isReply: boolean,
): boolean {
  const [sent, answered] = tuplesOf(connection, isReply);
  return isAt(address, sent, tupleWord.source) || isAt(address, answered, tupleWord.destination);
}

/** What the other end is told instead of the address that its sender knows. */
export function outerAddressOf(connection: TrackedConnection, isReply: boolean): readonly number[] {
  return tupleAddressOf(tuplesOf(connection, isReply)[1], tupleWord.destination);
}

/** Of packets of that direction, before they are translated, and of those that answer them. */
function tuplesOf({ original, reply }: TrackedConnection, isReply: boolean): readonly [Tuple, Tuple] {
  return isReply ? [reply, original] : [original, reply];
}

function freeTuple({ gateway, outerPort, mayChoose }: Offer, answered: Tuple): Tuple | undefined {
  const ports = mayChoose ? PortChoice.near(outerPort) : PortChoice.only(outerPort);
  const tries = Math.min(ports.count, attemptLimit);
  for (let n = 0; n < tries; n++) {
    const tuple = ends(answered, 0, ports.at(n));
    if (gateway.expectations.find(tuple) === undefined) return tuple;
  }
  return undefined;
}

function isAt(address: ArrayLike<number>, tuple: Tuple, word: number): boolean {
  const bytes = tupleAddressOf(tuple, word);
  return bytes.length === address.length && bytes.every((byte, n) => byte === address[n]);
}

function ends(tuple: Tuple, source: number, destination: number): Tuple {
  const copy = copyTuple(tuple);
  setPorts(copy, source, destination);
  return copy;
}
