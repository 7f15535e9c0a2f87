/** Numbers of ports: 16 bits in OpenFlow 1.0 and in extensions, 32 since 1.1, where the reserved ones are at the end. */

/** By their 16-bit number, which is how values keep all ports. */
export const reservedPorts = {
  IN_PORT: 0xfff8,
  TABLE: 0xfff9,
  NORMAL: 0xfffa,
  FLOOD: 0xfffb,
  ALL: 0xfffc,
  CONTROLLER: 0xfffd,
  LOCAL: 0xfffe,
  ANY: 0xffff,
} as const;

export const firstReservedPort = 0xff00;
const offset32 = 0xffff0000;

/** From the 32-bit form; undefined for a number that has no other. */
export function port16(port: number): number | undefined {
  if (port < firstReservedPort) return port;
  return port < firstReservedPort + offset32 ? undefined : port - offset32;
}

export function port32(port: number): number {
  return port < firstReservedPort ? port : port + offset32;
}
