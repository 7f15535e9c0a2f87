/**
 * How long connections may be silent, by what they are doing: the values of ovs-vswitchd.conf.db(5), table
 * CT_Timeout_Policy, and the policies that say otherwise for some connections.
 * Differs: the reference counts milliseconds in 32 bits, so that with it 4294968 seconds are less than one.
 */
import { namesIn, recordFrom } from '../../base/literals.ts';
import { type Ms, ms } from '../../base/units.ts';

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
const timeoutNames = namesIn(defaultTimeouts);

/** Seconds by what connections are doing; those that are left out are as usual. */
export type Timeouts = Readonly<Partial<Record<TimeoutName, number>>>;

/** The policy of connections that none was chosen for. */
export const usualPolicy = 0;

/** Numbers of policies have 32 bits. */
const highestPolicy = 0xffff_ffff;

/** The policy that an action names; undefined where that is not the name of one here. */
export function readPolicy(name: string): number | undefined {
  const number = Number(name);
  return /^\d+$/.test(name) && number <= highestPolicy ? number : undefined;
}

/** Those of one datapath, by their numbers. */
export class TimeoutPolicies {
  readonly #lifetimes = new Map<number, Readonly<Record<TimeoutName, Ms>>>();
  readonly #usual = lifetimesOf({});

  set(policy: number, timeouts: Timeouts): void {
    this.#lifetimes.set(policy, lifetimesOf(timeouts));
  }

  /** Its connections live on as usual, from their next packet. */
  delete(policy: number): void {
    this.#lifetimes.delete(policy);
  }

  lifetimeOf(policy: number, timeout: TimeoutName): Ms {
    const lifetimes = policy === usualPolicy ? this.#usual : (this.#lifetimes.get(policy) ?? this.#usual);
    return lifetimes[timeout];
  }
}

function lifetimesOf(timeouts: Timeouts): Record<TimeoutName, Ms> {
  return recordFrom(timeoutNames, (name) => ms(1000 * (timeouts[name] ?? defaultTimeouts[name])));
}
