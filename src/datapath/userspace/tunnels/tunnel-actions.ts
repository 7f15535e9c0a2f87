/** The actions of tunnels, as they run on packets: headers are put in front, or taken off. */
import { ethernetPacket } from '../../../flow/packet-type.ts';
import type { WrapsPackets } from '../../../netdev/provider.ts';
import { ethernet } from '../../../wire/ethernet.ts';
import { gso } from '../../../wire/frame.ts';
import type { CurrentPacket } from '../current-packet.ts';
import type { ActionStep, PacketExecution } from '../execute.ts';
import { hashTuple } from '../hash.ts';
import { hasOffload } from '../offload.ts';
import { refused, unwrap } from './unwrap.ts';
import type { TunnelWrap } from './wrap.ts';

/** Wraps the packet, or each that a device would have made of it, and runs the rest of the list on that. */
export class TunnelPush {
  readonly #wrap: TunnelWrap;
  readonly #rest: readonly ActionStep[];

  /** `rest` ends the list that the action is in. */
  constructor(wrap: TunnelWrap, rest: readonly ActionStep[]) {
    this.#wrap = wrap;
    this.#rest = rest;
  }

  run(execution: PacketExecution): void {
    if (this.#rest.length === 0) return; // nobody would see it
    const { packet, host } = execution;
    const { tunnelPort, size } = this.#wrap;
    const tunnel = host.outputs[tunnelPort]?.tunnel;
    if (tunnel === undefined) {
      packet.drop('tunnelPushError');
      return;
    }
    const { first, last } = host.egressPorts;
    const sourcePort = first + Math.floor((hashTuple(packet.key) * (last - first)) / 2 ** 32);
    if (!packet.cut(size)) return;
    if (hasOffload(packet.frame)) this.#wrapEach(execution, tunnel, sourcePort);
    else if (packet.makeWritable(size)) this.#wrapOne(execution, tunnel, sourcePort);
  }

  /** Apart from the usual way, on which nothing is allocated: this makes a function. */
  #wrapEach(execution: PacketExecution, tunnel: WrapsPackets, sourcePort: number): void {
    execution.finisher.eachAsPacket(() => this.#wrapOne(execution, tunnel, sourcePort), this.#wrap.size);
  }

  #wrapOne(execution: PacketExecution, tunnel: WrapsPackets, sourcePort: number): void {
    const { packet } = execution;
    const wrap = this.#wrap;
    if (!wrap.fits(packet.frame)) {
      packet.drop('tunnelPushError');
      return;
    }
    wrap.put(packet.frame, sourcePort, tunnel, execution.host);
    packet.becomeOuter(wrap.outPort);
    execution.runSteps(this.#rest);
  }
}

/** Takes a tunnel's headers off, and looks up what was inside as a packet that came in by the tunnels' port. */
export class TunnelPop {
  readonly #port: number;
  readonly #isLast: boolean;

  /** `isLast`: no action follows in the list. */
  constructor(port: number, isLast: boolean) {
    this.#port = port;
    this.#isLast = isLast;
  }

  run(execution: PacketExecution): void {
    const { packet } = execution;
    const tunnel = execution.host.outputs[this.#port]?.tunnel;
    if (tunnel === undefined || !execution.mayLookUpAgain) {
      packet.lose(tunnel === undefined ? 'noSuchTunnelPort' : 'tooManyRecirculations');
      return;
    }
    const saved = this.#isLast ? undefined : packet.save();
    if (packet.cut()) {
      if (isSegmentedOutside(packet)) this.#unwrapEach(execution, tunnel);
      else if (packet.makeWritable()) this.#unwrapOne(execution, tunnel);
    }
    if (saved !== undefined) packet.restore(saved);
  }

  /** Apart, as `#wrapEach`. */
  #unwrapEach(execution: PacketExecution, tunnel: WrapsPackets): void {
    execution.finisher.eachAsPacket(() => this.#unwrapOne(execution, tunnel));
  }

  #unwrapOne(execution: PacketExecution, { tunnelType }: WrapsPackets): void {
    const { packet } = execution;
    const { frame } = packet;
    packet.hasMetadata = true;
    const isOuter = packet.packetType === ethernetPacket && packet.locate();
    const type = isOuter ? unwrap(tunnelType, frame, packet.headers, packet.key) : refused;
    if (type === refused || (type === ethernetPacket && frame.end - frame.start < ethernet.size)) {
      packet.lose(type === refused ? 'tunnelPopError' : 'tooShort');
      return;
    }
    packet.becomeInner(type, this.#port);
    execution.lookUpAgain();
  }
}

/** Is the frame several tunnelled packets in one, and not one that holds several? */
function isSegmentedOutside(packet: CurrentPacket): boolean {
  const { frame } = packet;
  if (frame.gsoType === gso.none) return false;
  return packet.locate() && packet.headers.transport === frame.start + frame.checksumStart;
}
