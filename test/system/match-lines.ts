/** Matches that tests give to the real ovs-ofctl and to us, good and bad ones. */
import { readFileSync } from 'node:fs';
import type { PortText } from '../../src/flow/fields/text.ts';

/** What ovs-ofctl prints again in another way or not at all is left out: it encodes and decodes in between. */
export const matchLines = readFileSync(new URL('match-lines.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

const reserved = {
  IN_PORT: 65528,
  TABLE: 65529,
  NORMAL: 65530,
  FLOOD: 65531,
  ALL: 65532,
  CONTROLLER: 65533,
  LOCAL: 65534,
  ANY: 65535,
} as const;

/** OpenFlow ports without a switch. */
export const portText: PortText = {
  read(text) {
    const named = Object.entries(reserved).find(([name]) => name === text.toUpperCase())?.[1];
    const number = named ?? (/^\d+$/.test(text) ? Number(text) : undefined);
    return number === undefined || (number > 0xffff && number < 0xffffff00) ? undefined : number;
  },
  format: (port) => Object.entries(reserved).find(([, number]) => number === port)?.[0] ?? String(port),
};
