/** What a connection tracker says of a packet: bits of `ct_state`, ovs-fields(7). */
export const ctState = {
  new: 0x01,
  established: 0x02,
  related: 0x04,
  reply: 0x08,
  invalid: 0x10,
  tracked: 0x20,
  snat: 0x40,
  dnat: 0x80,
} as const;
