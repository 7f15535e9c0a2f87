/** Counters of ports: OpenFlow 1.0.2 section 5.3.5.5, 1.5.1 section 7.3.5.8; Intel's extensions of them. */
import { namesIn, recordFrom } from '../../base/literals.ts';
import { decodeCString, encodeText } from '../../base/text.ts';
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import { defineMessage, listForm, type MessageForm } from '../declare.ts';
import {
  type Counts,
  counters,
  type Duration,
  duration,
  longPort,
  type Part,
  pad,
  shortPort,
  struct,
} from '../layout.ts';
import { checkBody, type Property, readProperties, writeProperty } from '../properties.ts';
import type { PortRequest } from './ports.ts';
import { formatCounter, formatDuration } from './text.ts';

const usualNames = [
  'rxPackets',
  'txPackets',
  'rxBytes',
  'txBytes',
  'rxDropped',
  'txDropped',
  'rxErrors',
  'txErrors',
] as const;
const usual = counters(usualNames);
const ethernetNames = ['rxFrameErrors', 'rxOverrunErrors', 'rxCrcErrors', 'collisions'] as const;
const ethernet = counters(ethernetNames);

/** Of RFC 2819, in the order of Intel's property. */
export const rfc2819Names = [
  'rx1To64Packets',
  'rx65To127Packets',
  'rx128To255Packets',
  'rx256To511Packets',
  'rx512To1023Packets',
  'rx1024To1522Packets',
  'rx1523ToMaxPackets',
  'tx1To64Packets',
  'tx65To127Packets',
  'tx128To255Packets',
  'tx256To511Packets',
  'tx512To1023Packets',
  'tx1024To1522Packets',
  'tx1523ToMaxPackets',
  'txMulticastPackets',
  'rxBroadcastPackets',
  'txBroadcastPackets',
  'rxUndersizedErrors',
  'rxOversizeErrors',
  'rxFragmentedErrors',
  'rxJabberErrors',
] as const;
const rfc2819 = counters(rfc2819Names);
/** Counts of RFC 2819, by size of packets and kind of error. */
export type Rfc2819Counts = Counts<(typeof rfc2819Names)[number]>;

export interface CustomCounter {
  readonly name: string;
  readonly value: bigint;
}

/** Counts are undefined where the switch does not know them. */
export interface PortStats
  extends Counts<(typeof usualNames)[number]>,
    Counts<(typeof ethernetNames)[number]> {
  readonly port: number;
  readonly duration: Duration | undefined;
  readonly rfc2819: Rfc2819Counts;
  /** Counters of the driver's own. */
  readonly custom: readonly CustomCounter[];
}

/** A request of one port or, for ANY, all of them; both forms have the same size. */
const requestSize = 8;

function portRequestForm(
  wire: MessageForm<PortRequest>['wire'],
  port: Part<number>,
): MessageForm<PortRequest> {
  const layout = struct({ port, pad: pad(requestSize - port.size) });
  return {
    wire,
    size: [requestSize, 0],
    decode: (body) => layout.read(body),
    encode: (value, to) => layout.write(to, value),
  };
}

export const portRequest = defineMessage(
  'PORT_REQUEST',
  [portRequestForm('OFPST 1.0 4 request', shortPort), portRequestForm('OFPST 1.1+ 4 request', longPort)],
  ({ port }, { ports }) => ` port_no=${ports.format(port)}`,
);

const stats10 = struct({ port: shortPort, pad: pad(6), ...usual, ...ethernet });
const stats11 = struct({ port: longPort, pad: pad(4), ...usual, ...ethernet });
const stats13 = struct({ port: longPort, pad: pad(4), ...usual, ...ethernet, duration });
const stats14 = struct({ pad: pad(2), port: longPort, duration, ...usual });
const stats14Size = 2 + stats14.size;

const ethernetProperty = 0;
const ethernet14 = struct({ pad: pad(4), ...ethernet });
const intel = 0x0000aa01;
const rfc2819Property = 1;
const rfc2819Layout = struct({ pad: pad(4), ...rfc2819 });
const customProperty = 2;

/** Of what a form does not tell. */
const unknownEthernet = {
  rxFrameErrors: undefined,
  rxOverrunErrors: undefined,
  rxCrcErrors: undefined,
  collisions: undefined,
};
const unknownRfc2819: Rfc2819Counts = recordFrom(namesIn(rfc2819), () => undefined);
const untold = { duration: undefined, rfc2819: unknownRfc2819, custom: [] } as const;

function readStats14(from: Reader): PortStats {
  const size = recordSize(from, 0, stats14Size);
  const properties = { ...unknownEthernet, rfc2819: unknownRfc2819, custom: [] as readonly CustomCounter[] };
  from.skip(2);
  const fixed = stats14.read(from);
  readProperties(
    from.part(size - stats14Size),
    (property) => takeProperty(property, properties),
    'passed over',
  );
  return { ...fixed, ...properties };
}

function takeProperty(
  property: Property,
  into: { rfc2819: Rfc2819Counts; custom: readonly CustomCounter[] },
): boolean {
  const { experimenter, type, body } = property;
  if (experimenter === 0 && type === ethernetProperty) {
    checkBody(property, ethernet14.size);
    Object.assign(into, ethernet14.read(body));
  } else if (experimenter === intel && type === rfc2819Property) {
    checkBody(property, rfc2819Layout.size);
    into.rfc2819 = rfc2819Layout.read(body);
  } else if (experimenter === intel && type === customProperty) {
    into.custom = readCustom(body);
  } else {
    return false;
  }
  return true;
}

function readCustom(body: Reader): CustomCounter[] {
  body.skip(2);
  const custom: CustomCounter[] = [];
  for (let count = body.u16(); count > 0; count--) {
    const size = body.u8();
    custom.push({ name: decodeCString(body.octets(size)), value: body.u64() });
  }
  return custom;
}

function writeStats14(stats: PortStats, to: Writer): void {
  const start = to.size;
  to.u16(0);
  stats14.write(to, stats);
  writeProperty(to, ethernetProperty, () => ethernet14.write(to, stats));
  writeProperty(to, rfc2819Property, () => rfc2819Layout.write(to, stats.rfc2819), intel);
  if (stats.custom.length > 0) writeProperty(to, customProperty, () => writeCustom(stats.custom, to), intel);
  to.setU16(start, to.size - start);
}

function writeCustom(custom: readonly CustomCounter[], to: Writer): void {
  to.u16(0);
  to.u16(custom.length);
  for (const { name, value } of custom) {
    const bytes = encodeText(name).subarray(0, 0xff);
    to.u8(bytes.length);
    to.octets(bytes);
    to.u64(value);
  }
}

export const portReply = defineMessage(
  'PORT_REPLY',
  [
    listForm<PortStats>(
      'OFPST 1.0 4 reply',
      [0, stats10.size],
      (from) => ({ ...stats10.read(from), ...untold }),
      (stats, to) => stats10.write(to, stats),
    ),
    listForm<PortStats>(
      'OFPST 1.1-1.2 4 reply',
      [0, stats11.size],
      (from) => ({ ...stats11.read(from), ...untold }),
      (stats, to) => stats11.write(to, stats),
    ),
    listForm<PortStats>(
      'OFPST 1.3 4 reply',
      [0, stats13.size],
      (from) => ({ ...untold, ...stats13.read(from) }),
      (stats, to) => stats13.write(to, stats),
    ),
    listForm<PortStats>('OFPST 1.4+ 4 reply', [0, 8], readStats14, writeStats14),
  ],
  (all, { ports, verbosity }) => {
    const text = verbosity < 1 ? '' : all.map((stats) => formatStats(stats, ports.format)).join('');
    return ` ${all.length} ports\n${text}`;
  },
);

type Labels = readonly (readonly [label: string, name: keyof Rfc2819Counts])[];
const sizes = [
  '1_to_64',
  '65_to_127',
  '128_to_255',
  '256_to_511',
  '512_to_1023',
  '1024_to_1522',
  '1523_to_max',
];
const rfcNames = namesIn(rfc2819);
const bySize = (from: number): Labels =>
  sizes.flatMap((label, n) => {
    const name = rfcNames[from + n];
    return name === undefined ? [] : [[`${label}_packets`, name] as const];
  });
const rxLabels: Labels = [
  ...bySize(0),
  ['broadcast_packets', 'rxBroadcastPackets'],
  ['undersized_errors', 'rxUndersizedErrors'],
  ['oversize_errors', 'rxOversizeErrors'],
  ['rx_fragmented_errors', 'rxFragmentedErrors'],
  ['rx_jabber_errors', 'rxJabberErrors'],
];
const txLabels: Labels = [
  ...bySize(7),
  ['multicast_packets', 'txMulticastPackets'],
  ['broadcast_packets', 'txBroadcastPackets'],
];

function formatStats(stats: PortStats, formatPort: (port: number) => string): string {
  const counts = (...pairs: readonly (readonly [string, bigint | undefined])[]): string =>
    pairs.map(([label, value]) => `${label}=${formatCounter(value)}`).join(', ');
  const rx = counts(
    ['pkts', stats.rxPackets],
    ['bytes', stats.rxBytes],
    ['drop', stats.rxDropped],
    ['errs', stats.rxErrors],
    ['frame', stats.rxFrameErrors],
    ['over', stats.rxOverrunErrors],
    ['crc', stats.rxCrcErrors],
  );
  const tx = counts(
    ['pkts', stats.txPackets],
    ['bytes', stats.txBytes],
    ['drop', stats.txDropped],
    ['errs', stats.txErrors],
    ['coll', stats.collisions],
  );
  const lines = [
    `  port ${stats.port < 10 ? ' ' : ''}${formatPort(stats.port)}: rx ${rx}`,
    `           tx ${tx}`,
    stats.duration === undefined ? '' : `           duration=${formatDuration(stats.duration)}`,
    formatRfc2819('rx', stats.rfc2819, rxLabels),
    formatRfc2819('tx', stats.rfc2819, txLabels),
    formatCustom(stats.custom),
  ];
  return lines.map((line) => (line === '' ? '' : `${line}\n`)).join('');
}

function formatRfc2819(direction: 'rx' | 'tx', stats: Rfc2819Counts, labels: Labels): string {
  const text = labels
    .map(([label, name]) => (stats[name] === undefined ? '' : `${label}=${stats[name]}, `))
    .join('');
  return text === '' ? '' : `           ${direction} rfc2819 ${text}`;
}

/** Three in a row. */
function formatCustom(custom: readonly CustomCounter[]): string {
  if (custom.length === 0) return '';
  const parts = custom.map(({ name, value }, n) => {
    if (name === '') return '';
    return `${n % 3 === 0 ? `\n${' '.repeat(22)}` : ' '}${name}=${value},`;
  });
  return `           CUSTOM Statistics${parts.join('')}`;
}
