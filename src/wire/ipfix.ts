/**
 * IP Flow Information Export, RFC 7011: messages of sets, of which a template says what records of data hold. Elements
 * are those of IANA and some of the reference's. Written by `ofproto/exporters/ipfix`.
 */
import { header, u16, u32 } from '../base/header.ts';

/** An element: its number, the bytes of its value (0: as many as it has), and whose it is where it is not IANA's. */
type Element = readonly [id: number, size: number, enterprise?: number];

const vmware = 6876;

const elements = {
  octetDeltaCount: [1, 8],
  packetDeltaCount: [2, 8],
  protocolIdentifier: [4, 1],
  ipClassOfService: [5, 1],
  sourceTransportPort: [7, 2],
  sourceIPv4Address: [8, 4],
  ingressInterface: [10, 4],
  destinationTransportPort: [11, 2],
  destinationIPv4Address: [12, 4],
  egressInterface: [14, 4],
  postMCastPacketDeltaCount: [19, 8],
  postMCastOctetDeltaCount: [20, 8],
  minimumIpTotalLength: [25, 8],
  maximumIpTotalLength: [26, 8],
  sourceIPv6Address: [27, 16],
  destinationIPv6Address: [28, 16],
  flowLabelIPv6: [31, 4],
  sourceMacAddress: [56, 6],
  vlanId: [58, 2],
  ipVersion: [60, 1],
  flowDirection: [61, 1],
  destinationMacAddress: [80, 6],
  ingressInterfaceName: [82, 0],
  egressInterfaceName: [82, 0],
  ingressInterfaceDescription: [83, 0],
  egressInterfaceDescription: [83, 0],
  octetTotalCount: [85, 8],
  packetTotalCount: [86, 8],
  droppedOctetDeltaCount: [132, 8],
  droppedPacketDeltaCount: [133, 8],
  droppedOctetTotalCount: [134, 8],
  droppedPacketTotalCount: [135, 8],
  flowEndReason: [136, 1],
  observationPointId: [138, 4],
  exportingProcessId: [144, 4],
  flowStartDeltaMicroseconds: [158, 4],
  flowEndDeltaMicroseconds: [159, 4],
  notSentPacketTotalCount: [167, 8],
  postMCastPacketTotalCount: [174, 8],
  postMCastOctetTotalCount: [175, 8],
  icmpTypeIPv4: [176, 1],
  icmpCodeIPv4: [177, 1],
  icmpTypeIPv6: [178, 1],
  icmpCodeIPv6: [179, 1],
  ipTTL: [192, 1],
  ipDiffServCodePoint: [195, 1],
  ipPrecedence: [196, 1],
  octetDeltaSumOfSquares: [198, 8],
  octetTotalSumOfSquares: [199, 8],
  tcpSynTotalCount: [218, 8],
  tcpFinTotalCount: [219, 8],
  tcpRstTotalCount: [220, 8],
  tcpPshTotalCount: [221, 8],
  tcpAckTotalCount: [222, 8],
  tcpUrgTotalCount: [223, 8],
  ethernetHeaderLength: [240, 1],
  dot1qVlanId: [243, 2],
  dot1qPriority: [244, 1],
  ethernetType: [256, 2],
  layer2OctetDeltaCount: [352, 8],
  layer2OctetTotalCount: [353, 8],
  ingressUnicastPacketTotalCount: [354, 8],
  ingressMulticastPacketTotalCount: [355, 8],
  ingressBroadcastPacketTotalCount: [356, 8],
  egressUnicastPacketTotalCount: [357, 8],
  egressBroadcastPacketTotalCount: [358, 8],
  ingressInterfaceType: [368, 4],
  egressInterfaceType: [369, 4],
  tunnelType: [891, 1, vmware],
  tunnelKey: [892, 0, vmware],
  tunnelSourceIPv4Address: [893, 4, vmware],
  tunnelDestinationIPv4Address: [894, 4, vmware],
  tunnelProtocolIdentifier: [895, 1, vmware],
  tunnelSourceTransportPort: [896, 2, vmware],
  tunnelDestinationTransportPort: [897, 2, vmware],
  virtualObsID: [898, 0, vmware],
} as const satisfies Record<string, Element>;

type IpfixElement = keyof typeof elements;
/** A number, or bytes where the element has more than 8 or as many as it has, addresses of Ethernet too. */
export type IpfixValues = { readonly [E in IpfixElement]?: number | Uint8Array };

/** What packets are alike in that have records of the same form. */
export interface IpfixKind {
  readonly isTagged: boolean;
  readonly network: (typeof networks)[number];
  readonly transport: (typeof transports)[number];
  readonly isTunnelled: boolean;
  readonly isEgress: boolean;
}

/** In the order of their numbers in that of a template. */
const networks = ['other', 'ipv4', 'ipv6'] as const;
const transports = ['other', 'tcp', 'udp', 'sctp', 'icmp'] as const;

const lists = {
  start: [
    ...['observationPointId', 'flowDirection', 'sourceMacAddress', 'destinationMacAddress'],
    ...['ethernetType', 'ethernetHeaderLength', 'ingressInterface', 'ingressInterfaceType'],
    ...['ingressInterfaceName', 'ingressInterfaceDescription'],
  ],
  egress: [
    ...['egressInterface', 'egressInterfaceType', 'egressInterfaceName', 'egressInterfaceDescription'],
  ],
  tag: ['vlanId', 'dot1qVlanId', 'dot1qPriority'],
  ip: [
    ...['ipVersion', 'ipTTL', 'protocolIdentifier', 'ipDiffServCodePoint', 'ipPrecedence'],
    'ipClassOfService',
  ],
  ipv4: ['sourceIPv4Address', 'destinationIPv4Address'],
  ipv6: ['sourceIPv6Address', 'destinationIPv6Address', 'flowLabelIPv6'],
  ports: ['sourceTransportPort', 'destinationTransportPort'],
  icmpv4: ['icmpTypeIPv4', 'icmpCodeIPv4'],
  icmpv6: ['icmpTypeIPv6', 'icmpCodeIPv6'],
  tunnel: [
    ...['tunnelSourceIPv4Address', 'tunnelDestinationIPv4Address', 'tunnelProtocolIdentifier'],
    ...['tunnelSourceTransportPort', 'tunnelDestinationTransportPort', 'tunnelType', 'tunnelKey'],
  ],
  counts: [
    ...['flowStartDeltaMicroseconds', 'flowEndDeltaMicroseconds', 'droppedPacketDeltaCount'],
    ...['droppedPacketTotalCount', 'packetDeltaCount', 'packetTotalCount'],
    ...['ingressUnicastPacketTotalCount', 'ingressMulticastPacketTotalCount'],
    ...['ingressBroadcastPacketTotalCount', 'egressUnicastPacketTotalCount'],
    ...['egressBroadcastPacketTotalCount', 'postMCastPacketDeltaCount', 'postMCastPacketTotalCount'],
    ...['layer2OctetDeltaCount', 'layer2OctetTotalCount', 'flowEndReason'],
  ],
  ipCounts: [
    ...['droppedOctetDeltaCount', 'droppedOctetTotalCount', 'octetDeltaCount', 'octetTotalCount'],
    ...['octetDeltaSumOfSquares', 'octetTotalSumOfSquares', 'minimumIpTotalLength'],
    ...['maximumIpTotalLength', 'postMCastOctetDeltaCount', 'postMCastOctetTotalCount'],
  ],
  tcpCounts: [
    ...['tcpAckTotalCount', 'tcpFinTotalCount', 'tcpPshTotalCount', 'tcpRstTotalCount'],
    ...['tcpSynTotalCount', 'tcpUrgTotalCount'],
  ],
} as const satisfies Record<string, readonly IpfixElement[]>;

/** The elements that tell flows of a kind apart. */
function keyElements(kind: IpfixKind): readonly IpfixElement[] {
  const { isEgress, isTagged, network, isTunnelled } = kind;
  const none: readonly IpfixElement[] = [];
  return [
    ...lists.start,
    ...(isEgress ? lists.egress : none),
    ...(isTagged ? lists.tag : none),
    ...(network === 'other' ? none : [...lists.ip, ...lists[network], ...transportElements(kind)]),
    ...(isTunnelled ? lists.tunnel : none),
  ];
}

function transportElements({ network, transport }: IpfixKind): readonly IpfixElement[] {
  if (transport === 'other') return [];
  if (transport !== 'icmp') return lists.ports;
  return network === 'ipv4' ? lists.icmpv4 : lists.icmpv6;
}

/** The elements of what flows of a kind have carried. */
function countElements({ network, transport }: IpfixKind): readonly IpfixElement[] {
  const none: readonly IpfixElement[] = [];
  return [
    ...lists.counts,
    ...(network === 'other' ? none : lists.ipCounts),
    ...(transport === 'tcp' ? lists.tcpCounts : none),
  ];
}

/** What records of a kind hold. */
interface Form {
  readonly template: number;
  readonly key: readonly IpfixElement[];
  readonly counts: readonly IpfixElement[];
}

/** By the number of the template. */
const forms: (Form | undefined)[] = [];

function formOf(kind: IpfixKind): Form {
  const template = ipfixTemplate(kind);
  let form = forms[template - firstTemplate];
  if (form === undefined) {
    form = { template, key: keyElements(kind), counts: countElements(kind) };
    forms[template - firstTemplate] = form;
  }
  return form;
}

const firstTemplate = 256;

/** The number of the template of a kind. */
export function ipfixTemplate({ isTagged, network, transport, isTunnelled, isEgress }: IpfixKind): number {
  const places = [networks.indexOf(network), transports.indexOf(transport)] as const;
  const number = (Number(isTagged) * networks.length + places[0]) * transports.length + places[1];
  return firstTemplate + (number * 2 + Number(isTunnelled)) * 2 + Number(isEgress);
}

/** That of what the exporter tells of itself: behind all that could be one of a kind. */
const statisticsTemplate =
  firstTemplate + ((2 * networks.length + networks.length) * transports.length + transports.length) * 4 + 6;

function* kinds(): Generator<IpfixKind> {
  const either = [false, true];
  for (const isTagged of either)
    for (const network of networks)
      for (const transport of network === 'other' ? (['other'] as const) : transports)
        for (const isTunnelled of either)
          for (const isEgress of either) yield { isTagged, network, transport, isTunnelled, isEgress };
}

const message = header('ipfix', { version: u16, size: u16, time: u32, sequence: u32, domain: u32 });
const set = header('ipfix set', { id: u16, size: u16 });
const sets = { template: 2, optionsTemplate: 3 } as const;

export interface IpfixHead {
  /** Seconds since 1970. */
  readonly time: number;
  readonly sequence: number;
  readonly domain: number;
}

/** A message with templates is closed when it is that large, though the last one may make it larger. */
const templateMessageSize = 1024;
const observer: readonly IpfixElement[] = ['virtualObsID'];
const variable = 0xffff;
const ofEnterprise = 0x8000;

/** The templates of all kinds; `isNamed` where records have the name of who observes. */
export function emitIpfixTemplates(head: IpfixHead, isNamed: boolean): Uint8Array[] {
  const messages: Uint8Array[] = [];
  let bytes: number[] = [];
  for (const kind of kinds()) {
    if (message.size + set.size + bytes.length >= templateMessageSize) {
      messages.push(emitMessage(head, sets.template, bytes));
      bytes = [];
    }
    const { template, key, counts } = formOf(kind);
    const names = [...key, ...(isNamed ? observer : []), ...counts];
    bytes.push(...u16Bytes(template, names.length), ...specify(names));
  }
  messages.push(emitMessage(head, sets.template, bytes));
  return messages;
}

const statisticsElements = ['exportingProcessId', 'notSentPacketTotalCount'] as const;

/** The template of what the exporter tells of itself, by its number among those of its process. */
export function emitIpfixStatisticsTemplate(head: IpfixHead): Uint8Array {
  const { length } = statisticsElements;
  const scopeCount = 1;
  return emitMessage(head, sets.optionsTemplate, [
    ...u16Bytes(statisticsTemplate, length, scopeCount),
    ...specify(statisticsElements),
  ]);
}

export function emitIpfixStatistics(
  head: IpfixHead,
  values: Pick<IpfixValues, (typeof statisticsElements)[number]>,
): Uint8Array {
  return emitMessage(
    head,
    statisticsTemplate,
    scratch.subarray(0, writeValues(0, statisticsElements, values)),
  );
}

/** A record of a flow, whose key was made by `ipfixKeyBytes`. */
export function emitIpfixRecord(head: IpfixHead, { kind, key, name, counts }: IpfixRecord): Uint8Array {
  const form = formOf(kind);
  scratch.set(key);
  let end = key.length;
  if (name !== undefined) end = writeValues(end, observer, { virtualObsID: name });
  end = writeValues(end, form.counts, counts);
  return emitMessage(head, form.template, scratch.subarray(0, end));
}

interface IpfixRecord {
  readonly kind: IpfixKind;
  readonly key: Uint8Array;
  /** Who observes. */
  readonly name: Uint8Array | undefined;
  readonly counts: IpfixValues;
}

export function ipfixKeyBytes(kind: IpfixKind, values: IpfixValues): Uint8Array {
  return scratch.slice(0, writeValues(0, formOf(kind).key, values));
}

function specify(names: readonly IpfixElement[]): number[] {
  return names.flatMap((name) => {
    const [id, size, enterprise]: Element = elements[name];
    const length = size || variable;
    return enterprise === undefined
      ? u16Bytes(id, length)
      : u16Bytes(id | ofEnterprise, length, enterprise >>> 16, enterprise & 0xffff);
  });
}

/** Names and descriptions that have no fixed size are cut to fewer than 255 bytes, so any record fits. */
const scratch = new Uint8Array(4096);
const scratchView = new DataView(scratch.buffer);
const longestValue = 254;

/** Writes values into `scratch`; returns where they end. What is not there is zero. */
function writeValues(start: number, names: readonly IpfixElement[], values: IpfixValues): number {
  let at = start;
  for (const name of names) {
    const value = values[name] ?? 0;
    const size = elements[name][1];
    if (typeof value === 'number') at = writeNumber(at, value, size);
    else {
      const bytes = value.subarray(0, size || longestValue);
      if (size === 0) scratch[at++] = bytes.length; // RFC 7011 section 7
      scratch.set(bytes, at);
      at += bytes.length;
    }
  }
  return at;
}

/** Of a size that is not said, nothing but that it is zero bytes. */
function writeNumber(at: number, value: number, size: number): number {
  switch (size) {
    case 0:
    case 1:
      scratch[at] = value;
      return at + 1;
    case 2:
      scratchView.setUint16(at, value);
      break;
    case 4:
      scratchView.setUint32(at, value);
      break;
    case 8:
      scratchView.setUint32(at, Math.floor(value / 2 ** 32));
      scratchView.setUint32(at + 4, value);
      break;
    default:
      scratch.fill(0, at, at + size);
  }
  return at + size;
}

function u16Bytes(...values: readonly number[]): number[] {
  return values.flatMap((value) => [value >>> 8, value & 0xff]);
}

/** With one set. */
function emitMessage(
  { time, sequence, domain }: IpfixHead,
  setId: number,
  body: ArrayLike<number>,
): Uint8Array {
  const bytes = new Uint8Array(message.size + set.size + body.length);
  const view = new DataView(bytes.buffer);
  message.set.version(view, 0, 10);
  message.set.size(view, 0, bytes.length);
  message.set.time(view, 0, time);
  message.set.sequence(view, 0, sequence);
  message.set.domain(view, 0, domain);
  set.set.id(view, message.size, setId);
  set.set.size(view, message.size, bytes.length - message.size);
  bytes.set(body, message.size + set.size);
  return bytes;
}
