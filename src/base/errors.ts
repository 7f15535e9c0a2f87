/**
 * The three families of expected errors. Whatever is not one of them is a bug and ends the process
 * with its stack.
 */

/** Base of all expected errors: a message for the operator (object, value, remedy) and a stable code. */
export abstract class VswitchError extends Error {
  /** Given by each class, since a bundler may rename the class itself. */
  abstract override readonly name: string;
  abstract readonly code: string;
}

/** Bytes or text from outside do not form what they claim to be. Never a bug of ours. */
export class Malformed extends VswitchError {
  override readonly name: string = 'Malformed';
  override readonly code = 'MALFORMED';
  /** Byte (or character) offset inside the frame, message or file. */
  readonly at: number;
  /** The message without the place. */
  readonly why: string;

  constructor(layer: string, at: number, why: string) {
    super(`${layer} at byte ${at}: ${why}`);
    this.at = at;
    this.why = why;
  }
}

/**
 * A valid request that we cannot honour. `tag` is the protocol's own error name (OVSDB error tag, OpenFlow error name).
 */
export class Refused extends VswitchError {
  override readonly name: string = 'Refused';
  override readonly code = 'REFUSED';
  readonly tag: string;

  constructor(tag: string, message: string) {
    super(message);
    this.tag = tag;
  }
}

/** The kernel said no. */
export class SyscallFailed extends VswitchError {
  override readonly name = 'SyscallFailed';
  override readonly code = 'SYSCALL_FAILED';
  /** The call, e.g. "bind". */
  readonly call: string;
  /** Positive errno, e.g. 19 for ENODEV. */
  readonly errno: number;
  /** strerror text, e.g. "No such device". */
  readonly reason: string;

  constructor(call: string, errno: number, reason: string, tried: string) {
    super(`${tried}: ${call} failed (${reason})`);
    this.call = call;
    this.errno = errno;
    this.reason = reason;
  }
}

/**
 * Marks the end of a complete `switch` over a closed set.
 * @internal
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
