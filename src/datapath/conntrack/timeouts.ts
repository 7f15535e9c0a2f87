/** How long connections may be silent, by what they are doing: table CT_Timeout_Policy of ovs-vswitchd.conf.db(5). */

/** Seconds, where no policy says otherwise. */
export const defaultTimeouts = {
  tcp_syn_sent: 30,
  tcp_syn_recv: 30,
  tcp_established: 24 * 60 * 60,
  tcp_fin_wait: 15 * 60,
  tcp_time_wait: 45,
  tcp_close: 30,
  udp_first: 60,
  udp_single: 60,
  udp_multiple: 30,
  icmp_first: 60,
  icmp_reply: 30,
} as const;

export type TimeoutName = keyof typeof defaultTimeouts;
