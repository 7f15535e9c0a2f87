/** Which control packets a BFD session takes in: RFC 5880 section 6.8.6, its first part. */
import { type BfdMessage, type BfdState, bfdControlSize, bfdFlags, bfdVersion } from '../wire/bfd.ts';

/** The session knows of another that it hears. */
export function isAlive(state: BfdState): boolean {
  return state === 'init' || state === 'up';
}

/** One that is merely too long is taken all the same. */
export function judgeBfd(
  message: BfdMessage,
  discriminator: number,
): { readonly complaint?: string; readonly isUsable: boolean } {
  const fault = faultOf(message, discriminator);
  if (fault !== undefined) return { complaint: fault, isUsable: false };
  if (message.size !== bfdControlSize) return { complaint: 'Unexpected length', isUsable: true };
  return { isUsable: true };
}

function faultOf(message: BfdMessage, discriminator: number): string | undefined {
  const { version, flags, size, multiplier, myDiscriminator, yourDiscriminator: yours, state } = message;
  if (version !== bfdVersion) return 'Incorrect version';
  if ((flags & bfdFlags.auth) !== 0) return 'Authenticated control message with authentication disabled';
  if (size < bfdControlSize) return 'Unexpected length';
  if (multiplier === 0) return 'Zero multiplier';
  if ((flags & bfdFlags.multipoint) !== 0) return 'Unsupported multipoint flag';
  if (myDiscriminator === 0) return 'NULL my_disc';
  if (yours !== 0 && yours !== discriminator) return 'Incorrect your_disc';
  return yours === 0 && isAlive(state) ? 'Null your_disc' : undefined;
}
