/** What can be said of flows in IPFIX, RFC 7012, and what is said of each kind of them: `ipfix.ts` writes it. */

/** An element: its number, the bytes of its value (0: as many as it has), and whose it is where it is not IANA's. */
export type IpfixElementDef = readonly [id: number, size: number, enterprise?: number];

const vmware = 6876;

export const ipfixElements = {
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
} as const satisfies Record<string, IpfixElementDef>;

export type IpfixElement = keyof typeof ipfixElements;
/** A number, or bytes where the element has more than 8 or as many as it has, addresses of Ethernet too. */
export type IpfixValues = { readonly [E in IpfixElement]?: number | Uint8Array };

/** What packets are alike in that have records of the same form. */
export interface IpfixKind {
  readonly isTagged: boolean;
  readonly network: (typeof ipfixNetworks)[number];
  readonly transport: (typeof ipfixTransports)[number];
  readonly isTunnelled: boolean;
  readonly isEgress: boolean;
}

/** In the order of their numbers in that of a template. */
export const ipfixNetworks = ['other', 'ipv4', 'ipv6'] as const;
export const ipfixTransports = ['other', 'tcp', 'udp', 'sctp', 'icmp'] as const;

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
export function ipfixKeyElements(kind: IpfixKind): readonly IpfixElement[] {
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
export function ipfixCountElements({ network, transport }: IpfixKind): readonly IpfixElement[] {
  const none: readonly IpfixElement[] = [];
  return [
    ...lists.counts,
    ...(network === 'other' ? none : lists.ipCounts),
    ...(transport === 'tcp' ? lists.tcpCounts : none),
  ];
}
