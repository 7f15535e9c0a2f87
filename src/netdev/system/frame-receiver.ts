/** How a packet port takes frames in. One way follows another on a new socket; see `packet-port.ts`. */
import type { FrameBatch } from '../../wire/frame.ts';

export interface FrameReceiver {
  readonly fd: number;
  /** Frames come faster than this way is made for. */
  readonly isPressed: boolean;
  /** As `PortIo.receive`. */
  receive(batch: FrameBatch): number;
  /** As `PortIo.release`. */
  release(): void;
  /** Gives back all but the socket. */
  close(): void;
}
