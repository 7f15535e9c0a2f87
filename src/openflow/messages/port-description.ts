/** What a switch says of a port: OpenFlow 1.0.2 section 5.2.1, 1.5.1 section 7.2.1. */
import { formatMac } from '../../base/addresses.ts';
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import { longPort, mac, pad, shortPort, struct, text, u32 } from '../layout.ts';
import { portText } from '../ports.ts';
import { checkBody, type Property, readProperties, writeProperty } from '../properties.ts';
import type { WireVersion } from '../versions.ts';
import { type BitNames, formatBits } from './text.ts';

export interface PortDescription {
  readonly port: number;
  readonly mac: Uint8Array;
  readonly name: string;
  /** Bits of `portConfigNames`. */
  readonly config: number;
  /** Bits of `portStateNames`; 0x300 is STP in OpenFlow 1.0. */
  readonly state: number;
  /** Bits of `portFeatureNames`. */
  readonly current: number;
  readonly advertised: number;
  readonly supported: number;
  readonly peer: number;
  /** kb/s; OpenFlow 1.0 says no more than what the features do. */
  readonly currentSpeed: number;
  readonly maxSpeed: number;
}

export const portConfigNames = [
  'PORT_DOWN',
  'NO_STP',
  'NO_RECV',
  'NO_RECV_STP',
  'NO_FLOOD',
  'NO_FWD',
  'NO_PACKET_IN',
] as const satisfies BitNames;
export type PortConfigName = (typeof portConfigNames)[number];

export function portConfigBit(name: PortConfigName): number {
  return 1 << portConfigNames.indexOf(name);
}

const portStateNames = ['LINK_DOWN', 'BLOCKED', 'LIVE'] as const satisfies BitNames;

export function portStateBit(name: (typeof portStateNames)[number]): number {
  return 1 << portStateNames.indexOf(name);
}

const portFeatureNames: BitNames = [
  '10MB-HD',
  '10MB-FD',
  '100MB-HD',
  '100MB-FD',
  '1GB-HD',
  '1GB-FD',
  '10GB-FD',
  '40GB-FD',
  '100GB-FD',
  '1TB-FD',
  'OTHER',
  'COPPER',
  'FIBER',
  'AUTO_NEG',
  'AUTO_PAUSE',
  'AUTO_PAUSE_ASYM',
];

/** Bits that a version has. */
export function portConfigBits(version: WireVersion): number {
  return version === 1 ? 0x7f : 0x65;
}

function portStateBits(version: WireVersion): number {
  return version === 1 ? 0x301 : 7;
}

/** OpenFlow 1.0 has no speeds above 10 Gb/s, so what follows them has other bits. */
export function features10(bits: number): number {
  return (bits & 0x7f) | ((bits & 0xf80) << 4);
}

export function toFeatures10(features: number): number {
  return (features & 0x7f) | ((features & 0xf800) >>> 4);
}

export function features11(bits: number): number {
  return bits & 0xffff;
}

/** kb/s of the fastest of some features. */
function speedOf(features: number): number {
  const speeds = [
    [0x200, 1e9],
    [0x100, 1e8],
    [0x80, 4e7],
    [0x40, 1e7],
    [0x30, 1e6],
    [0x0c, 1e5],
    [0x03, 1e4],
  ] as const;
  return speeds.find(([bits]) => (features & bits) !== 0)?.[1] ?? 0;
}

const features = { current: u32, advertised: u32, supported: u32, peer: u32 };
const speeds = { currentSpeed: u32, maxSpeed: u32 };

const port10 = struct({ port: shortPort, mac, name: text(16), config: u32, state: u32, ...features });
const port11 = struct({
  port: longPort,
  pad1: pad(4),
  mac,
  pad2: pad(2),
  name: text(16),
  config: u32,
  state: u32,
  ...features,
  ...speeds,
});
/** Behind port number and length. */
const port14 = struct({ pad1: pad(2), mac, pad2: pad(2), name: text(16), config: u32, state: u32 });
const port14Size = 6 + port14.size;
const ethernet14 = struct({ pad: pad(4), ...features, ...speeds });
const ethernetProperty = 0;

/** Bytes of a port where all have the same. */
export function portSize(version: WireVersion): number {
  return version === 1 ? port10.size : port11.size;
}

/** Keeps the bits that the version has. */
function known<P extends Pick<PortDescription, 'config' | 'state'>>(port: P, version: WireVersion): P {
  return {
    ...port,
    config: port.config & portConfigBits(version),
    state: port.state & portStateBits(version),
  };
}

function mapFeatures<P extends Pick<PortDescription, 'current' | 'advertised' | 'supported' | 'peer'>>(
  port: P,
  map: (bits: number) => number,
): P {
  return {
    ...port,
    current: map(port.current),
    advertised: map(port.advertised),
    supported: map(port.supported),
    peer: map(port.peer),
  };
}

/** Throws OpenFlowError. */
export function parsePortDescription(from: Reader, version: WireVersion): PortDescription {
  if (version === 1) {
    const port = known(mapFeatures(port10.read(from), features10), version);
    return { ...port, currentSpeed: speedOf(port.current), maxSpeed: speedOf(port.supported) };
  }
  return version < 5 ? known(mapFeatures(port11.read(from), features11), version) : readPort14(from, version);
}

function readPort14(from: Reader, version: WireVersion): PortDescription {
  const size = recordSize(from, 4, port14Size);
  const port = longPort.read(from);
  from.skip(2);
  const fixed = known(port14.read(from), version);
  let ethernet = {
    current: 0,
    advertised: 0,
    supported: 0,
    peer: 0,
    currentSpeed: 0,
    maxSpeed: 0,
  };
  readProperties(
    from.part(size - port14Size),
    (property) => {
      if (!isEthernet(property)) return false;
      ethernet = mapFeatures(ethernet14.read(property.body), features11);
      return true;
    },
    'passed over',
  );
  return { port, ...fixed, ...ethernet };
}

function isEthernet(property: Property): boolean {
  if (property.experimenter !== 0 || property.type !== ethernetProperty) return false;
  checkBody(property, ethernet14.size);
  return true;
}

export function writePort(port: PortDescription, to: Writer, version: WireVersion): void {
  const kept = known(port, version);
  if (version === 1) port10.write(to, mapFeatures(kept, toFeatures10));
  else if (version < 5) port11.write(to, mapFeatures(kept, features11));
  else writePort14(kept, to);
}

function writePort14(port: PortDescription, to: Writer): void {
  const start = to.size;
  longPort.write(to, port.port);
  to.u16(0);
  port14.write(to, port);
  writeProperty(to, ethernetProperty, () => ethernet14.write(to, mapFeatures(port, features11)));
  to.setU16(start + 4, to.size - start);
}

const stpNames = ['', 'STP_LEARN', 'STP_FORWARD', 'STP_BLOCK'];

function formatState(state: number): string {
  const stp = (state & 0x300) >>> 8;
  const rest = state & ~0x300;
  if (stp === 0) return formatBits(rest, portStateNames);
  return `${stpNames[stp]}${rest === 0 ? '' : formatBits(rest, portStateNames)}`;
}

export function formatFeatures(bits: number): string {
  return formatBits(bits, portFeatureNames);
}

export function formatPortDescription(port: PortDescription): string {
  const printable = /^[ -~]*/.exec(port.name)?.[0] ?? '';
  const lines = [
    ` ${portText.format(port.port)}(${printable}): addr:${formatMac(port.mac)}`,
    `     config:     ${formatBits(port.config, portConfigNames)}`,
    `     state:      ${formatState(port.state)}`,
    ...(
      [
        ['current:    ', port.current],
        ['advertised: ', port.advertised],
        ['supported:  ', port.supported],
        ['peer:       ', port.peer],
      ] as const
    ).flatMap(([label, bits]) => (bits === 0 ? [] : [`     ${label}${formatFeatures(bits)}`])),
    `     speed: ${mbps(port.currentSpeed)} Mbps now, ${mbps(port.maxSpeed)} Mbps max`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function mbps(speed: number): number {
  return Math.floor(speed / 1000);
}

/** By number, as they are printed. */
export function formatPorts(ports: readonly PortDescription[]): string {
  return [...ports]
    .sort((a, b) => a.port - b.port)
    .map(formatPortDescription)
    .join('');
}
