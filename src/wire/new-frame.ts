/** Ethernet frames that the switch itself sends. */
import { ethernet, etherType, vlanTag } from './ethernet.ts';

export interface FrameHeader {
  /** 6 bytes each. */
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  /** Of what follows; or its length, where that begins with an LLC header. */
  readonly type: number;
  /** VLAN and priority of a tag; 0 for none. */
  readonly tci?: number;
}

/** A frame with room for so many bytes, which begin at `at`. */
export function newFrame(
  { dst, src, type, tci = 0 }: FrameHeader,
  payloadSize: number,
): { readonly frame: Uint8Array; readonly view: DataView; readonly at: number } {
  const tagSize = tci === 0 ? 0 : vlanTag.size;
  const at = ethernet.size + tagSize;
  const frame = new Uint8Array(at + payloadSize);
  const view = new DataView(frame.buffer);
  frame.set(dst, ethernet.offset.dst);
  frame.set(src, ethernet.offset.src);
  if (tagSize > 0) {
    vlanTag.set.tpid(view, ethernet.offset.type, etherType.vlan);
    vlanTag.set.tci(view, ethernet.offset.type, tci);
  }
  ethernet.set.type(view, tagSize, type);
  return { frame, view, at };
}

/** The same with its payload. */
export function frameOf(header: FrameHeader, payload: Uint8Array): Uint8Array {
  const { frame, at } = newFrame(header, payload.length);
  frame.set(payload, at);
  return frame;
}
