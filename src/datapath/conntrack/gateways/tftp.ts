/** Requests of TFTP: RFC 1350, section 5. Whoever is asked answers from a port of its own to the one that asked. */

/** Read and write. */
const requestCodes: ReadonlySet<number> = new Set([1, 2]);

/** Of a datagram: what lies from `at` to `end`. */
export function isTftpRequest(view: DataView, at: number, end: number): boolean {
  return end - at >= 2 && requestCodes.has(view.getUint16(at));
}
