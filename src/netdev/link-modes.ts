/** What a link can do and does, from what ethtool tells of it in bits: linux/ethtool.h, `struct ethtool_cmd`. */
import type { EthernetSettings } from '../sys/calls/device.ts';
import type { LinkMode, LinkModes } from './provider.ts';

/** Numbers of the kernel's bits: media and encodings of one speed are one mode. */
const kernelBits: readonly (readonly [mode: LinkMode, ...bits: number[]])[] = [
  ['10 half', 0],
  ['10 full', 1],
  ['100 half', 2],
  ['100 full', 3],
  ['1000 half', 4],
  ['1000 full', 5, 17],
  ['10000 full', 12, 18, 19, 20],
  ['40000 full', 23, 24, 25, 26],
  ['copper', 7],
  ['fiber', 10],
  ['negotiation', 6],
  ['pause', 13],
  ['asymmetric pause', 14],
];

/** Speeds in Mb/s that are told apart; those above 1000 are never half duplex. */
const speeds: readonly number[] = [10, 100, 1000, 10_000, 40_000, 100_000, 1_000_000];
const media: readonly (LinkMode | undefined)[] = ['copper', undefined, undefined, 'fiber'];

export function linkModesOf(settings: EthernetSettings): LinkModes {
  const { speed, duplex, port, negotiates, advertised, supported } = settings;
  const medium = media[port];
  return {
    current: [
      ...(speed !== undefined && speeds.includes(speed) ? [speedMode(speed, duplex)] : []),
      ...(medium === undefined ? [] : [medium]),
      ...(negotiates ? (['negotiation'] as const) : []),
    ],
    advertised: modesOf(advertised),
    supported: modesOf(supported),
  };
}

function speedMode(speed: number, duplex: EthernetSettings['duplex']): LinkMode {
  return `${speed} ${speed <= 1000 && duplex === 'half' ? 'half' : 'full'}` as LinkMode; // both lists are of the same speeds
}

function modesOf(bits: number): LinkMode[] {
  return kernelBits.filter(([, ...numbers]) => numbers.some((n) => (bits >>> n) & 1)).map(([mode]) => mode);
}
