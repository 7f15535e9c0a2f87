/** Numbers of ports: 16 bits in OpenFlow 1.0 and in extensions, 32 since 1.1, where the reserved ones are at the end. */
import type { PortText } from '../flow/fields/text.ts';
import { warningsOf } from './errors.ts';
import { type Names, noNames } from './text/names.ts';

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

/** A port that was not set; no packet goes there. */
export const unsetPort = 0xfff7;

export const firstReservedPort = 0xff00;
const offset32 = 0xffff0000;

/** From the 32-bit form; undefined for a number that has no other. */
export function port16(port: number): number | undefined {
  if (port < firstReservedPort) return port;
  return port < firstReservedPort + offset32 ? undefined : port - offset32;
}

const warn = warningsOf('ofp_port');

function logOutside(port: number, last: string): void {
  warn(`port ${port} is outside the supported range 0 through ${last} or 0xffffff00 through 0xffffffff`);
}

/** The same of a port that a message names; a number that has no other is logged. */
export function receivedPort(port: number): number | undefined {
  const short = port16(port);
  if (short === undefined) logOutside(port, String(firstReservedPort - 1));
  return short;
}

export function port32(port: number): number {
  return port < firstReservedPort ? port : port + offset32;
}

/** Numbers of the names that OpenFlow gives ports. */
const reservedNumbers = new Map<string, number>([
  ...Object.entries(reservedPorts),
  ['UNSET', unsetPort],
  ['NONE', reservedPorts.ANY], // what ANY was called before OpenFlow 1.1
]);
const reservedNames = new Map<number, string>([
  ...Object.entries(reservedPorts).map(([name, number]): [number, string] => [number, name]),
  [unsetPort, 'UNSET'],
]);

/** Ports by the names that a switch gives them, and OpenFlow the reserved ones. */
export function portTextOf({ nameOf, numberOf }: Names): PortText {
  return {
    read(text) {
      if (!/^\d+$/.test(text)) return reservedNumbers.get(text.toUpperCase()) ?? numberOf(text);
      const number = Number(text);
      const port = number <= 0xffff ? number : port16(number);
      if (port === undefined && number <= 0xffffffff) logOutside(number, 'ffff');
      return port;
    },
    format: (port) => reservedNames.get(port) ?? nameOf(port) ?? String(port),
  };
}

/** Ports as text where no switch says how they are called: numbers, and the names of the reserved ones. */
export const portText: PortText = portTextOf(noNames);
