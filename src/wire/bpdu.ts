/**
 * Bridge protocol data units of STP and RSTP, and the 802.3 frames with an LLC header that carry them.
 * IEEE 802.1D-1998 clause 9.3; IEEE 802.1D-2004 clauses 9.3 and 17.21.19 to 17.21.21. Read and written by `protocols/stp`
 * and `protocols/rstp`.
 */
import { readMac } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import { bytes, header, u8, u16, u32 } from '../base/header.ts';
import { ethernet } from './ethernet.ts';
import { newFrame } from './new-frame.ts';

/** Where BPDUs go: the bridges of the link, and no further. */
export const bridgeGroupAddress = '01:80:c2:00:00:00';

const llc = header('llc', { dsap: u8, ssap: u8, control: u8 });
const spanningTreeSap = 0x42;
const unnumbered = 3;

const start = header('bpdu', { protocol: u16, version: u8, type: u8 });

/** What follows in all but a notification. Times are in 1/256 of a second. */
const body = header('bpdu body', {
  flags: u8,
  rootId: bytes(8),
  rootPathCost: u32,
  bridgeId: bytes(8),
  portId: u16,
  messageAge: u16,
  maxAge: u16,
  helloTime: u16,
  forwardDelay: u16,
});

const types = { configuration: 0x00, rapid: 0x02, notification: 0x80 } as const;
const configurationSize = start.size + body.size;
/** It ends with a length of version 1 information, which is 0. */
const rapidSize = configurationSize + 1;

/** Bits of `ConfigurationBpdu.flags`. Only the first and the last are of STP. */
export const bpduFlag = {
  topologyChange: 0x01,
  proposal: 0x02,
  learning: 0x10,
  forwarding: 0x20,
  agreement: 0x40,
  topologyChangeAck: 0x80,
} as const;

/** The role of the port that sends, in bits 2 and 3 of the flags. */
export const bpduRole = { unknown: 0, alternateOrBackup: 1, root: 2, designated: 3 } as const;
const roleShift = 2;

export function roleInFlags(flags: number): number {
  return (flags >> roleShift) & 3;
}

export function flagsOfRole(role: number): number {
  return role << roleShift;
}

/** Of a bridge: 16 hexadecimal digits, the priority's first. The lower one is the better one. */
export type BridgeId = string;

export function bridgeId(priority: number, mac: string): BridgeId {
  return (priority & 0xffff).toString(16).padStart(4, '0') + mac.replaceAll(':', '');
}

export function priorityOf(id: BridgeId): number {
  return Number.parseInt(id.slice(0, 4), 16);
}

export function macOf(id: BridgeId): string {
  return id.slice(4).replace(/..(?=.)/g, '$&:');
}

export interface ConfigurationBpdu {
  /** "rapid" is that of RSTP, with all flags. */
  readonly type: 'configuration' | 'rapid';
  readonly flags: number;
  readonly rootId: BridgeId;
  readonly rootPathCost: number;
  readonly bridgeId: BridgeId;
  readonly portId: number;
  /** Times in 1/256 of a second. */
  readonly messageAge: number;
  readonly maxAge: number;
  readonly helloTime: number;
  readonly forwardDelay: number;
}

/** A notification tells the bridges towards the root that the topology has changed. */
export type Bpdu = ConfigurationBpdu | { readonly type: 'notification' };

/**
 * Throws Malformed, whose reason is what the log tells of it.
 * Differs: a notification may be longer than it must be. The reference's STP refuses those of the reference's own RSTP, which
 * are as long as its other BPDUs.
 */
export function parseBpdu(payload: Uint8Array): Bpdu {
  const size = payload.length;
  const refuse = (why: string): Malformed => new Malformed('bpdu', 0, `received ${why}`);
  if (size < start.size) throw refuse(`runt ${size}-byte BPDU`);
  const view = new DataView(payload.buffer, payload.byteOffset, size);
  const protocol = start.get.protocol(view, 0);
  if (protocol !== 0) throw refuse(`BPDU with unexpected protocol ID ${protocol}`);
  const type = start.get.type(view, 0);
  switch (type) {
    case types.notification:
      return { type: 'notification' };
    case types.configuration:
      if (size < configurationSize) throw refuse(`config BPDU with invalid size ${size}`);
      return parseBody(view, 'configuration');
    case types.rapid:
      if (size < rapidSize) throw refuse(`RST BPDU with invalid size ${size}`);
      return parseBody(view, 'rapid');
    default:
      throw refuse(`BPDU of unexpected type ${type}`);
  }
}

function parseBody(view: DataView, type: ConfigurationBpdu['type']): ConfigurationBpdu {
  const { get, offset } = body;
  const at = start.size;
  const idAt = (from: number): BridgeId =>
    Buffer.from(view.buffer, view.byteOffset + at + from, 8).toString('hex');
  return {
    type,
    flags: get.flags(view, at),
    rootId: idAt(offset.rootId),
    rootPathCost: get.rootPathCost(view, at),
    bridgeId: idAt(offset.bridgeId),
    portId: get.portId(view, at),
    messageAge: get.messageAge(view, at),
    maxAge: get.maxAge(view, at),
    helloTime: get.helloTime(view, at),
    forwardDelay: get.forwardDelay(view, at),
  };
}

const sizes = { notification: start.size, configuration: configurationSize, rapid: rapidSize } as const;
const rapidVersion = 2;

export function emitBpdu(bpdu: Bpdu): Uint8Array {
  const payload = new Uint8Array(sizes[bpdu.type]);
  const view = new DataView(payload.buffer);
  start.set.version(view, 0, bpdu.type === 'rapid' ? rapidVersion : 0);
  start.set.type(view, 0, types[bpdu.type]);
  if (bpdu.type === 'notification') return payload;
  const { set, offset } = body;
  const at = start.size;
  set.flags(view, at, bpdu.flags);
  payload.set(Buffer.from(bpdu.rootId, 'hex'), at + offset.rootId);
  set.rootPathCost(view, at, bpdu.rootPathCost);
  payload.set(Buffer.from(bpdu.bridgeId, 'hex'), at + offset.bridgeId);
  set.portId(view, at, bpdu.portId);
  set.messageAge(view, at, bpdu.messageAge);
  set.maxAge(view, at, bpdu.maxAge);
  set.helloTime(view, at, bpdu.helloTime);
  set.forwardDelay(view, at, bpdu.forwardDelay);
  return payload;
}

/** The frame of a BPDU; `source` is the address of the port that sends it. */
export function emitBpduFrame(bpdu: Bpdu, source: string): Uint8Array {
  const payload = emitBpdu(bpdu);
  const length = llc.size + payload.length;
  const header = { dst: readMac(bridgeGroupAddress), src: readMac(source), type: length };
  const { frame, view, at } = newFrame(header, length);
  llc.set.dsap(view, at, spanningTreeSap);
  llc.set.ssap(view, at, spanningTreeSap);
  llc.set.control(view, at, unnumbered);
  frame.set(payload, at + llc.size);
  return frame;
}

/**
 * What a frame carries behind its LLC header, without what pads it; `tagSize` bytes of VLAN tags come before its
 * length.
 */
export function bpduInFrame(frame: Uint8Array, tagSize: number): Uint8Array {
  const from = ethernet.size + tagSize;
  if (frame.length < from) return new Uint8Array(0);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const end = from + ethernet.get.type(view, tagSize);
  return frame.subarray(Math.min(from + llc.size, frame.length), Math.max(end, from + llc.size));
}
