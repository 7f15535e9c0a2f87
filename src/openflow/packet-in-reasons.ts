/**
 * Why a packet goes to a controller, by the numbers of the reasons (OpenFlow 1.5.1 section 7.4.1); as ovs-ofctl names
 * them.
 */
export const packetInReasons = [
  'no_match',
  'action',
  'invalid_ttl',
  'action_set',
  'group',
  'packet_out',
] as const;

export type NamedPacketInReason = (typeof packetInReasons)[number];
