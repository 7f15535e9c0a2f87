/**
 * Requests of TFTP: RFC 1350, section 5. Whoever is asked answers from a port of its own to the one that asked.
 *
 * Differs: only requests announce an answer, and where the port that asked is translated, that is the one which is
 * answered; the reference takes any datagram for a request, and expects answers at the port as it was.
 */

/** Read and write. */
const requestCodes: ReadonlySet<number> = new Set([1, 2]);

/** Of a datagram: what lies from `at` to `end`. */
export function isTftpRequest(view: DataView, at: number, end: number): boolean {
  return end - at >= 2 && requestCodes.has(view.getUint16(at));
}
