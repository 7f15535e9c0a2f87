/**
 * A controller that makes a learning switch, or a hub, of the switch at the other end: ovs-testcontroller(8). Sends what
 * the reference's sends, in the same order.
 */
import type { Clock } from '../base/clock.ts';
import { LimitedSite, logger } from '../base/log.ts';
import { extractKey } from '../flow/extract.ts';
import { newKey, setSlot } from '../flow/key.ts';
import { ethDst, ethSrc, formatMacNumber, isMulticast, isReserved, type Mac } from '../flow/mac.ts';
import { matchOn } from '../flow/match.ts';
import { Frame } from '../wire/frame.ts';
import type { Action } from './actions/index.ts';
import type { Received, Sent } from './codec.ts';
import type { Connection } from './connection/connection.ts';
import { flowMod, packetOut } from './library/messages.ts';
import { matchOfPacket } from './match/match-10.ts';
import { inPortOf } from './match/match-codec.ts';
import type { FlowMod } from './messages/flow-mod.ts';
import type { PacketIn } from './messages/packet-in.ts';
import type { PortDescription } from './messages/port-description.ts';
import { firstReservedPort, reservedPorts } from './ports.ts';
import { flowModIn, protocolStep } from './protocols/protocol-messages.ts';
import { initialProtocol, type Protocol, type ProtocolSet, protocolsIn } from './protocols/protocols.ts';

export interface LearningOptions {
  /** A hub floods all that it gets. */
  readonly mode: 'learn' | 'hub';
  /** Wildcards of OpenFlow 1.0 in the flows that are set up. */
  readonly wildcards: number;
  /** Seconds that an idle flow stays, 0 for ever; undefined: no flows, each packet comes here. */
  readonly maxIdle: number | undefined;
  /** Answers nothing at all. */
  readonly isMute: boolean;
  /** Of packets from a port without a queue of its own; undefined for none. */
  readonly queue: number | undefined;
  /** Queues of packets, by the name of the port they came from. */
  readonly portQueues: ReadonlyMap<string, number>;
  /** Flows for each switch that connects, and the protocols that can say them. */
  readonly flows: readonly FlowMod[];
  readonly usable: ProtocolSet;
}

/** Bytes of a packet that come here with a miss. */
const missLength = 128;
const mostAddresses = 8192;
const addressLifetime = 300_000;
/** More bytes than this do not wait for a switch that reads slowly. */
const mostWaiting = 256 * 1024;

const log = logger('learning_switch');
const limit = new LimitedSite({ perMinute: 30, burst: 300 });

interface Place {
  readonly port: number;
  /** By the clock, in milliseconds. */
  readonly expires: number;
}

export class LearningSwitch {
  readonly #connection: Connection;
  readonly #options: LearningOptions;
  readonly #clock: Clock;
  /** Least recently seen first. */
  readonly #places = new Map<Mac, Place>();
  readonly #queues = new Map<number, number>();
  #datapathId: bigint | undefined;
  #protocol: Protocol;

  constructor(connection: Connection, options: LearningOptions, clock: Clock) {
    this.#connection = connection;
    this.#options = options;
    this.#clock = clock;
    this.#protocol = initialProtocol(connection.version);
  }

  /** What is said to a switch that has connected. */
  start(): void {
    const config = {
      fragments: 'normal',
      invalidTtlToController: false,
      missSendLength: missLength,
    } as const;
    this.#send({ name: 'FEATURES_REQUEST', value: undefined });
    this.#send({ name: 'SET_CONFIG', value: config });
    const { version } = this.#connection;
    if (version >= 4) {
      // What no flow matches is dropped there otherwise.
      const actions: Action[] = [{ do: 'output', port: reservedPorts.CONTROLLER, maxLength: missLength }];
      this.#send(flowMod({ priority: 0, actions }));
    }
    if (this.#options.flows.length > 0) this.#sendFlows();
  }

  #sendFlows(): void {
    const { flows, usable } = this.#options;
    const [wanted] = protocolsIn(usable);
    while ((this.#protocol & usable) === 0 && wanted !== undefined) {
      const step = protocolStep(this.#protocol, wanted);
      if (step === undefined) break;
      this.#send(step.message);
      this.#protocol = step.next;
    }
    if ((this.#protocol & usable) !== 0)
      for (const flow of flows) this.#send(flowModIn(this.#protocol, flow));
    else log.limited('info', limit, `${this.#connection.name}: failed to set usable protocol`);
  }

  receive(message: Received): void {
    if (this.#options.isMute) return;
    if (message.name === 'ECHO_REQUEST')
      this.#connection.reply(message, { name: 'ECHO_REPLY', value: message.value });
    else if (message.name === 'FEATURES_REPLY') this.#takeFeatures(message.value);
    else if (message.name === 'PACKET_IN' && this.#datapathId !== undefined) this.#forward(message.value);
  }

  #takeFeatures({
    datapathId,
    ports,
  }: {
    readonly datapathId: bigint;
    readonly ports: readonly PortDescription[];
  }): void {
    if (this.#datapathId !== undefined) return;
    this.#datapathId = datapathId;
    for (const { port, name } of ports) {
      const queue = this.#options.portQueues.get(name);
      if (queue !== undefined) this.#queues.set(port, queue);
    }
  }

  #forward({ packet, reason, metadata, bufferId }: PacketIn): void {
    if (reason !== 'no_match') return; // somebody's experiment, which is none of ours
    const from = inPortOf(metadata) ?? 0;
    const key = keyOf(packet, from);
    const to = this.#choose(key, from);
    const actions = to === undefined ? [] : [this.#action(from, to)];
    const { mode, maxIdle } = this.#options;
    const isKnown = mode !== 'learn' || to !== reservedPorts.FLOOD;
    if (maxIdle !== undefined && isKnown) {
      const match = matchOfPacket(key, this.#options.wildcards);
      const flow = { table: 255, priority: 1, idleTimeout: maxIdle, match, actions, bufferId };
      this.#send(flowModIn(this.#protocol, flowMod(flow).value));
      // Else the switch applies the flow to the packet that it keeps.
      if (bufferId !== undefined || to === undefined) return;
    } else if (bufferId === undefined && to === undefined) return;
    const sent = bufferId === undefined ? packet : noBytes;
    this.#send(packetOut({ bufferId, packet: sent, metadata: matchOn({ in_port: from }), actions }));
  }

  /** The port that a packet goes to; undefined for none. */
  #choose(key: Uint32Array, from: number): number | undefined {
    const { mode } = this.#options;
    if (mode === 'learn') this.#learn(ethSrc(key), from);
    const destination = ethDst(key);
    if (isReserved(destination)) return undefined;
    const place = mode === 'learn' ? this.#find(destination) : undefined;
    if (place === undefined) return reservedPorts.FLOOD;
    return place === from ? undefined : place;
  }

  #learn(address: Mac, port: number): void {
    if (isMulticast(address)) return;
    if (this.#find(address) !== port) {
      const text = `${this.#name}: learned that ${formatMacNumber(address)} is on port ${port}`;
      log.limited('dbg', limit, text);
    }
    this.#places.delete(address);
    if (this.#places.size >= mostAddresses) {
      const [oldest] = this.#places.keys();
      if (oldest !== undefined) this.#places.delete(oldest);
    }
    this.#places.set(address, { port, expires: this.#clock.now() + addressLifetime });
  }

  #find(address: Mac): number | undefined {
    const place = this.#places.get(address);
    return place === undefined || place.expires <= this.#clock.now() ? undefined : place.port;
  }

  #action(from: number, to: number): Action {
    const queue = this.#queues.get(from) ?? this.#options.queue;
    if (queue === undefined || to >= firstReservedPort) return { do: 'output', port: to, maxLength: 0 };
    return { do: 'enqueue', port: to, queue };
  }

  get #name(): string {
    return (this.#datapathId ?? 0n).toString(16).padStart(16, '0');
  }

  #send(message: Sent): void {
    if (this.#connection.backlog <= mostWaiting) this.#connection.send(message);
    else log.limited('info', limit, `${this.#name}: ${this.#connection.name}: tx queue overflow`);
  }
}

const noBytes = new Uint8Array();

function keyOf(packet: Uint8Array, from: number): Uint32Array {
  const frame = new Frame(packet);
  frame.end = packet.length;
  const key = newKey();
  extractKey(frame, key);
  setSlot(key, 'in_port', from);
  return key;
}
