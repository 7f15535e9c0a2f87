/** Packets that controllers, and the switch itself, send by a switch. */
import { coverageCounter } from '../base/coverage.ts';
import type { OfPort } from '../base/units.ts';
import { ofPort } from '../base/units.ts';
import { extractKey } from '../flow/extract.ts';
import { tunnelFlag } from '../flow/fields/flags.ts';
import { getSlot, setSlot } from '../flow/key.ts';
import { type Match, matchOn, packKey, unpackKey } from '../flow/match.ts';
import { settingNumber } from '../openflow/actions/field-value.ts';
import type { Action } from '../openflow/actions/index.ts';
import { OpenFlowError } from '../openflow/errors.ts';
import { type Continuation, decodeContinuation } from '../openflow/messages/continuation.ts';
import type { PacketIn } from '../openflow/messages/packet-in.ts';
import type { PacketOut } from '../openflow/messages/packet-out.ts';
import { reservedPorts } from '../openflow/ports.ts';
import type { WireVersion } from '../openflow/versions.ts';
import { Frame } from '../wire/frame.ts';
import type { OfprotoPort } from './port.ts';
import type { SendOptions } from './protocols/protocol-deps.ts';
import type { SwitchChanges } from './switch-changes.ts';
import { withOptionWidths } from './tables/option-fields.ts';
import type { TlvTable } from './tlv-table.ts';

const sentOut = coverageCounter('ofproto_packet_out');

/** No port of any datapath. */
const noDpPort = 0xffffffff;
const ofNoPort = matchOn({ in_port: reservedPorts.ANY });

/** A packet that somebody sends, and what is to be done with it. */
export interface OutgoingPacket {
  readonly inPort: OfPort;
  /** Of whole width, with what the sender says of the pipeline's fields. */
  readonly key: Uint32Array;
  readonly bytes: Uint8Array;
  readonly actions: readonly Action[];
}

export interface PacketsOutDeps {
  readonly ports: () => ReadonlyMap<OfPort, OfprotoPort>;
  readonly tlvTable: TlvTable;
  readonly changes: Pick<SwitchChanges, 'begin' | 'checkActions'>;
  /** VLAN tags that keys show. */
  readonly tagLimit: () => number;
  /** Runs actions on a packet. */
  readonly packetOut: (packet: OutgoingPacket) => void;
  /** Decides now what becomes of it; what is returned does it. */
  readonly preparePacketOut: (packet: OutgoingPacket) => () => void;
  /** Goes on with a packet that waited for a controller. Throws OpenFlowError where its bridge is gone. */
  readonly resume: (packet: OutgoingPacket, continuation: Continuation) => void;
}

export class PacketsOut {
  readonly #deps: PacketsOutDeps;

  constructor(deps: PacketsOutDeps) {
    this.#deps = deps;
  }

  /** Sends a packet as a controller asks. Throws OpenFlowError. */
  send(message: PacketOut, version: WireVersion): void {
    sentOut.total++;
    const packet = this.packetOfController(message, version);
    this.#deps.changes.begin().checkReferences(message.actions);
    this.#deps.packetOut(packet);
  }

  /** Decides what becomes of a packet as things are now; what is returned does it. */
  prepare(packet: OutgoingPacket): () => void {
    return this.#deps.preparePacketOut(packet);
  }

  /** Throws OpenFlowError for actions that cannot be done with it. */
  packetOfController(
    { bufferId, metadata, actions, packet: bytes }: PacketOut,
    version: WireVersion,
  ): OutgoingPacket {
    if (bufferId !== undefined)
      throw new OpenFlowError('OFPBRC_BUFFER_UNKNOWN', `no packet is kept in buffer ${bufferId}`);
    const { tlvTable, ports, changes } = this.#deps;
    const inPort = ofPort(getSlot(unpackKey(metadata), 'in_port'));
    const dpPort = ports().get(inPort)?.dpPort ?? noDpPort;
    const packet = this.#packetFrom(tlvTable.resolve(metadata, 'passed over'), bytes, dpPort);
    changes.checkActions(actions, packKey(packet.key), { version, table: 0 });
    return { ...packet, actions: withOptionWidths(actions, tlvTable) };
  }

  /** Goes on with a packet that waited for a controller. Throws OpenFlowError. */
  resume({ metadata, packet, continuation: bytes }: PacketIn, version: WireVersion): void {
    const continuation = decodeContinuation(bytes, version, 'refused');
    const known = this.#deps.tlvTable.resolve(metadata);
    this.#deps.resume(this.#packetFrom(known, packet, continuation.datapathPort), continuation);
  }

  /** What sends a frame of the switch's own, as often as it is called. */
  prepareFrame(
    { ofPort: port }: OfprotoPort,
    frame: Uint8Array,
    { isOam }: SendOptions = { isOam: false },
  ): () => void {
    const packet = this.#packetFrom(ofNoPort, frame, noDpPort);
    const marks = isOam ? [settingNumber('tun_flags', tunnelFlag.oam)] : [];
    const outgoing: OutgoingPacket = { ...packet, actions: [...marks, { do: 'output', port, maxLength: 0 }] };
    return () => this.#deps.packetOut(outgoing);
  }

  /** A frame of the switch's own goes through its tables as if it had come in by that port. */
  arrive({ ofPort: port, dpPort }: OfprotoPort, frame: Uint8Array): void {
    const packet = this.#packetFrom(matchOn({ in_port: port }), frame, dpPort ?? noDpPort);
    this.#deps.packetOut({ ...packet, actions: [{ do: 'output', port: reservedPorts.TABLE, maxLength: 0 }] });
  }

  #packetFrom(metadata: Match, bytes: Uint8Array, datapathPort: number): OutgoingPacket {
    const key = unpackKey(metadata);
    const inPort = ofPort(getSlot(key, 'in_port'));
    const frame = new Frame(bytes);
    frame.end = bytes.length;
    extractKey(frame, key, this.#deps.tagLimit(), getSlot(key, 'packet_type')); // which logs no port, as the reference
    setSlot(key, 'in_port', datapathPort);
    return { inPort, key, bytes, actions: [] };
  }
}
