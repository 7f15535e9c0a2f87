/** Packets of a test: as bytes, as hexadecimal digits, and as text of flows, both ways. */
import { Malformed } from '../base/errors.ts';
import { readHexBytes } from '../base/hex-dump.ts';
import { readKey } from '../datapath/text/key.ts';
import { composeFrame } from '../flow/compose.ts';
import { extractKey } from '../flow/extract.ts';
import { formatMatch } from '../flow/format-match.ts';
import { getSlot, newKey, setSlot } from '../flow/key.ts';
import { readPacketMatch } from '../flow/match-text.ts';
import { packetMask } from '../flow/packet-mask.ts';
import { portText } from '../openflow/ports.ts';
import { ethernet, etherType, vlanPresent } from '../wire/ethernet.ts';
import { Frame } from '../wire/frame.ts';

/**
 * A packet, whole or described: its bytes from the Ethernet destination on; the same as hexadecimal digits; or the text
 * of a flow, from which the shortest packet like it is made, with right checksums and, where it can carry data, 64 bytes
 * of it: "tcp,dl_src=02:00:00:00:00:01,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_dst=80", or as a datapath's flow,
 * "eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x1234)". What a flow does not say is 0, but for the time to
 * live, which is 64.
 */
export type Packet = Uint8Array | string;

const usualTimeToLive = 64;

/** Throws Malformed for text that is no packet, and for less than an Ethernet header. */
export function packetBytes(packet: Packet): Uint8Array {
  const bytes = typeof packet === 'string' ? readHexBytes(packet) : packet;
  if (bytes === undefined) return composeFrame(keyOfText(String(packet)));
  if (bytes.length < ethernet.size)
    throw new Malformed('packet', bytes.length, 'is shorter than an Ethernet header');
  return bytes.slice();
}

function keyOfText(text: string): Uint32Array {
  if (text.includes('(')) return readKey(text).key;
  const { key, mask } = readPacketMatch(text, portText);
  if (getSlot(mask, 'nw_ttl') === 0) setSlot(key, 'nw_ttl', usualTimeToLive);
  if ((getSlot(key, 'vlan_tci') & vlanPresent) !== 0) setSlot(key, 'vlan_tpid', etherType.vlan); // no field says which
  return key;
}

/** Tags that are told apart when a packet is shown. */
const mostTags = 2;

/**
 * A packet as the flow that a trace shows: "tcp,vlan_tci=0x0000,dl_src=...". With at most one tag, and but for its
 * data, it is what `packetBytes` makes the packet of.
 */
export function packetText(bytes: Uint8Array): string {
  const frame = new Frame(bytes);
  frame.end = bytes.length;
  const key = newKey();
  extractKey(frame, key, mostTags);
  const mask = packetMask(key);
  // That there is no second tag, as a trace says of each tagged packet, no field can say.
  if ((getSlot(key, 'vlan_tci2') & vlanPresent) === 0) setSlot(mask, 'vlan_tci2', 0);
  return formatMatch(key, mask, { ports: portText });
}

/** A packet that came out of a port. */
export class TestFrame {
  /** From the Ethernet destination on, without a checksum of the frame. */
  readonly bytes: Uint8Array;
  /** The port by its name. */
  readonly port: string;
  /** When it came, in milliseconds since the start of the test. */
  readonly time: number;

  /** @internal */
  constructor(bytes: Uint8Array, port: string, time: number) {
    this.bytes = bytes;
    this.port = port;
    this.time = time;
  }

  /** As text of a flow: "tcp,vlan_tci=0x0000,dl_src=...,dl_dst=...,nw_src=...,tp_dst=80,tcp_flags=0". */
  get text(): string {
    return packetText(this.bytes);
  }

  /** As hexadecimal digits. */
  get hex(): string {
    return Buffer.from(this.bytes).toString('hex');
  }
}
