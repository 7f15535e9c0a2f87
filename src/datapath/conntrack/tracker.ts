/**
 * Connection tracking as a whole: which connection a packet belongs to, what is known of that, what is remembered.
 * Follows ovs-actions(7), "Connection Tracking Actions", and ovs-fields(7), "ct_state". Knows no frames: `TrackedPacket`
 * read them, and whoever asks rewrites the packet as its connection says.
 */
import type { Random } from '../../base/random.ts';
import type { Ms } from '../../base/units.ts';
import { ctState } from '../../flow/ct-state.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { Conntrack, Nat } from '../actions.ts';
import { TrackedConnection } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import { newDatagramState, newQueryState } from './exchange.ts';
import { FragmentTable } from './fragments/fragment-table.ts';
import { type Expectation, Expectations } from './gateways/expectations.ts';
import { mayHelp, newGateway } from './gateways/gateway.ts';
import { chooseTranslation, takeTranslation } from './nat.ts';
import type { ConnectionState } from './protocol.ts';
import { newTcpState } from './tcp.ts';
import { readPolicy, TimeoutPolicies, usualPolicy } from './timeouts.ts';
import type { TrackedPacket } from './tracked-packet.ts';
import { copyTuple, isQuery, newTuple, reverse, tupleProtocolOf } from './tuple.ts';

/** What came out for one packet; reused for the next one. */
export class Tracking {
  /** Bits of `ctState`. */
  state = 0;
  /** Undefined where none is remembered. */
  connection: TrackedConnection | undefined;
  /** The packet goes against the direction of the one that began the connection. */
  isReply = false;
  /** The packet begins what another connection announced. */
  expectation: Expectation | undefined;
}

/** Connections remembered at most, of all zones together. */
const defaultLimit = 3_000_000;

export class ConnectionTracker {
  readonly table: ConnectionTable;
  /** Connections remembered at most. */
  limit = defaultLimit;
  /** Whether segments of TCP must lie in their windows. */
  checksSequence = true;
  /** By zone, how many at most; of zones that are not named, undefined: as many as there is room for. */
  readonly zoneLimits = new Map<number, number>();
  defaultZoneLimit: number | undefined;
  readonly policies = new TimeoutPolicies();
  readonly outcome = new Tracking();
  /** What waits for the rest of its packet. */
  readonly fragments = new FragmentTable();
  readonly #expectations: Expectations;
  readonly #random: Random;
  /** Of the connections that are there already, too. */
  readonly #asksSequence = (): boolean => this.checksSequence;

  constructor(random: Random) {
    this.#random = random;
    this.table = new ConnectionTable(random.u32() | 0);
    this.#expectations = new Expectations(this.table.seed);
  }

  /**
   * Takes a packet in and says in `outcome` what it is. `packet`: undefined for one that belongs to no connection. `known`:
   * the connection that the same packet was found to be of before; its state machine saw the packet then.
   */
  track(
    packet: TrackedPacket | undefined,
    request: Conntrack,
    now: Ms,
    known: TrackedConnection | undefined,
    stateBefore: number,
  ): Tracking {
    const { outcome } = this;
    outcome.expectation = undefined;
    if (packet === undefined) return this.#refuse();
    if (known?.zone === request.zone && request.commit !== 'force_commit') {
      outcome.state = stateBefore;
      outcome.connection = known;
      outcome.isReply = (stateBefore & ctState.reply) !== 0;
    } else this.#classify(packet, request, now);
    const { connection } = outcome;
    if (connection !== undefined) write(connection, request);
    return outcome;
  }

  #refuse(): Tracking {
    const { outcome } = this;
    outcome.state = ctState.tracked | ctState.invalid;
    outcome.connection = undefined;
    outcome.isReply = false;
    return outcome;
  }

  #classify(packet: TrackedPacket, request: Conntrack, now: Ms): void {
    const { outcome, table } = this;
    let found = table.find(packet.tuple, now);
    if (found?.isReply === true && request.commit === 'force_commit' && !packet.isError) {
      table.remove(found.connection);
      found = undefined;
    }
    if (found === undefined) {
      if (packet.isError) this.#refuse();
      else this.#begin(packet, request, now);
      return;
    }
    const { connection, isReply } = found;
    outcome.connection = connection;
    outcome.isReply = isReply;
    const direction = isReply ? ctState.reply : 0;
    const related = packet.isError || connection.parent !== undefined ? ctState.related : 0;
    if (packet.isError) {
      outcome.state = ctState.tracked | related | direction;
      return;
    }
    connection.gateway?.countAsReceiver(packet, isReply);
    const verdict = connection.state.update(packet, isReply);
    if (verdict === 'invalid') {
      outcome.state = ctState.tracked | ctState.invalid;
      return;
    }
    if (verdict === 'anew') {
      table.remove(connection);
      this.#begin(packet, request, now);
      return;
    }
    if (verdict !== 'stray') table.touch(connection, this.#lifetimeOf(connection), now);
    // What was not answered has no direction yet: both ends may open at once.
    const progress = verdict === 'new' ? ctState.new : ctState.established | direction;
    outcome.state = ctState.tracked | related | progress;
  }

  #begin(packet: TrackedPacket, request: Conntrack, now: Ms): void {
    const { outcome, table, policies } = this;
    const reply = newTuple();
    const state = reverse(packet.tuple, reply) ? this.#stateOf(packet) : undefined;
    if (state === undefined) {
      this.#refuse();
      return;
    }
    outcome.connection = undefined;
    outcome.isReply = false;
    const expectation = this.#expectationOf(packet, now);
    outcome.expectation = expectation;
    outcome.state = ctState.tracked | ctState.new | (expectation === undefined ? 0 : ctState.related);
    if (request.commit === undefined) return;
    const policy = (request.timeout !== undefined && readPolicy(request.timeout)) || usualPolicy;
    const connection = new TrackedConnection(
      copyTuple(packet.tuple),
      reply,
      state,
      policies.lifetimeOf(policy, state.timeout),
      now,
    );
    connection.policy = policy;
    table.sweep(now);
    const hasRoom = table.size < this.limit && table.countIn(request.zone) < this.#limitOf(request.zone);
    // One that cannot be remembered is new again with each packet.
    if (!hasRoom) return;
    if (expectation !== undefined) adopt(connection, expectation);
    if (request.nat !== undefined && !this.#translate(connection, request.nat, expectation, now)) return;
    if (request.helper !== undefined) this.#help(connection, request.helper);
    outcome.connection = connection;
    table.add(connection);
  }

  #lifetimeOf({ policy, state }: TrackedConnection): Ms {
    return this.policies.lifetimeOf(policy, state.timeout);
  }

  /** Connections that have expired expect nothing any more. */
  #expectationOf({ tuple }: TrackedPacket, now: Ms): Expectation | undefined {
    if (this.#expectations.size === 0) return undefined;
    this.table.sweep(now);
    return this.#expectations.find(tuple);
  }

  #translate(
    connection: TrackedConnection,
    nat: Nat,
    expectation: Expectation | undefined,
    now: Ms,
  ): boolean {
    return expectation === undefined
      ? chooseTranslation(connection, nat, this.table, this.#random, now)
      : takeTranslation(connection, expectation, this.table, now);
  }

  #help(connection: TrackedConnection, helper: string): void {
    const { original, reply } = connection;
    if (!mayHelp(helper, original)) return;
    connection.helper = helper;
    connection.gateway = newGateway(helper, original, reply, this.#expectations);
  }

  #limitOf(zone: number): number {
    return this.zoneLimits.get(zone) ?? this.defaultZoneLimit ?? Number.POSITIVE_INFINITY;
  }

  #stateOf(packet: TrackedPacket): ConnectionState | undefined {
    switch (tupleProtocolOf(packet.tuple)) {
      case ipProtocol.tcp:
        return newTcpState(packet, this.#asksSequence);
      case ipProtocol.icmp:
      case ipProtocol.icmpv6:
        return isQuery(packet.tuple) ? newQueryState() : undefined;
      default:
        return newDatagramState();
    }
  }
}

function adopt(connection: TrackedConnection, { parent, mark, label }: Expectation): void {
  connection.parent = parent;
  connection.mark = mark;
  connection.label.set(label);
}

/** What another connection announced keeps what that handed on. */
function write(connection: TrackedConnection, { mark, label }: Conntrack): void {
  if (connection.parent !== undefined) return;
  if (mark !== undefined) connection.mark = (connection.mark & ~mark.mask) | (mark.value & mark.mask);
  if (label === undefined) return;
  for (let n = 0; n < 4; n++) {
    const mask = label.mask[n] ?? 0;
    connection.label[n] = ((connection.label[n] ?? 0) & ~mask) | ((label.value[n] ?? 0) & mask);
  }
}
