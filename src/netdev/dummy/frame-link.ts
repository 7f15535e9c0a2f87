/** Frames that leave a dummy device for somewhere outside, and come from there: options `stream` and `pstream`. */

export interface FrameLink {
  /** Undefined for one that waits to be connected to. */
  readonly isConnected: boolean | undefined;
  send(frame: Uint8Array): void;
  close(): void;
}

export interface FrameLinkOptions {
  /** Connects, or waits to be connected to. */
  readonly isActive: boolean;
  readonly remote: string;
  receive(frame: Uint8Array): void;
}

/** Undefined when the remote makes no sense; what becomes of one that does is logged. */
export type OpenFrameLink = (options: FrameLinkOptions) => FrameLink | undefined;
