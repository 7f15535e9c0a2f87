/**
 * What a datapath can do, under the names of `dpif/set-dp-features`, which takes abilities away and gives them back:
 * for tests of what is done without. Translation asks here; what the datapath really can do is in its `features`.
 */

import { Refused } from '../base/errors.ts';
import { namesIn } from '../base/literals.ts';
import type { DpFeatures } from '../datapath/features.ts';

interface Ability {
  /** As `dpif/show-dp-features` calls it. */
  readonly title: string;
  /** A number is a limit. */
  readonly of: (features: DpFeatures) => boolean | number;
}

/** In the order in which they are shown. */
const abilities = {
  masked_set_action: { title: 'Masked set action', of: () => true },
  tnl_push_pop: { title: 'Tunnel push pop', of: ({ actions }) => actions.has('tnl_push') },
  ufid: { title: 'Ufid', of: () => true },
  trunc: { title: 'Truncate action', of: ({ actions }) => actions.has('trunc') },
  clone: { title: 'Clone action', of: ({ actions }) => actions.has('clone') },
  sample_nesting: {
    title: 'Sample nesting',
    of: ({ actions, maxNesting }) => (actions.has('sample') ? maxNesting : 0),
  },
  ct_eventmask: { title: 'Conntrack eventmask', of: () => false },
  ct_clear: { title: 'Conntrack clear', of: ({ actions }) => actions.has('ct_clear') },
  max_hash_alg: {
    title: 'Max dp_hash algorithm',
    of: ({ hashAlgorithms }) => (hashAlgorithms.has('sym_l4') ? 1 : 0),
  },
  check_pkt_len: { title: 'Check pkt length action', of: ({ actions }) => actions.has('check_pkt_len') },
  ct_timeout: { title: 'Conntrack timeout policy', of: ({ actions }) => actions.has('ct') },
  explicit_drop_action: { title: 'Explicit Drop action', of: ({ actions }) => actions.has('drop') },
  lb_output_action: { title: 'Optimized Balance TCP mode', of: ({ actions }) => actions.has('lb_output') },
  ct_zero_snat: { title: 'Conntrack all-zero IP SNAT', of: ({ actions }) => actions.has('ct') },
  add_mpls: { title: 'MPLS Label add', of: ({ actions }) => actions.has('add_mpls') },
  max_vlan_headers: { title: 'Max VLAN headers', of: ({ maxVlanTags }) => maxVlanTags },
  max_mpls_depth: { title: 'Max MPLS depth', of: ({ maxMplsDepth }) => maxMplsDepth },
  recirc: { title: 'Recirc', of: ({ actions }) => actions.has('recirc') },
  ct_state: { title: 'CT state', of: ({ actions }) => actions.has('ct') },
  ct_zone: { title: 'CT zone', of: ({ actions }) => actions.has('ct') },
  ct_mark: { title: 'CT mark', of: ({ actions }) => actions.has('ct') },
  ct_label: { title: 'CT label', of: ({ actions }) => actions.has('ct') },
  ct_state_nat: { title: 'CT state NAT', of: ({ actions }) => actions.has('ct') },
  ct_orig_tuple: { title: 'CT orig tuple', of: ({ actions }) => actions.has('ct') },
  ct_orig_tuple6: { title: 'CT orig tuple for IPv6', of: ({ actions }) => actions.has('ct') },
  nd_ext: { title: 'IPv6 ND Extension', of: ({ setHeaders }) => setHeaders.has('nd_ext') },
} as const satisfies Record<string, Ability>;

export type AbilityName = keyof typeof abilities;
export const abilityNames = namesIn(abilities);

export class Abilities {
  readonly #features: DpFeatures;
  /** Those that are set to something else than what the datapath can. */
  readonly #set = new Map<AbilityName, boolean | number>();

  constructor(features: DpFeatures) {
    this.#features = features;
  }

  has(name: AbilityName): boolean {
    return this.get(name) === true;
  }

  limit(name: AbilityName): number {
    return Number(this.get(name));
  }

  get(name: AbilityName): boolean | number {
    return this.#set.get(name) ?? this.ofDatapath(name);
  }

  ofDatapath(name: AbilityName): boolean | number {
    const { of }: Ability = abilities[name];
    return of(this.#features);
  }

  /** Throws Refused on what is no value, or more than the datapath can. */
  set(name: AbilityName, text: string): void {
    const most = this.ofDatapath(name);
    this.#set.set(name, typeof most === 'boolean' ? readSwitch(text, most) : readLimit(text, most));
  }
}

export function titleOf(name: AbilityName): string {
  return abilities[name].title;
}

export function abilityNamed(text: string): AbilityName | undefined {
  return abilityNames.find((name) => name === text);
}

function readSwitch(text: string, most: boolean): boolean {
  const isOn = /^true$/i.test(text);
  if (!isOn && !/^false$/i.test(text)) throw new Refused('dpif', 'Boolean value expected');
  if (isOn && !most) throw new Refused('dpif', 'Can not enable features not supported by the datapth');
  return isOn;
}

function readLimit(text: string, most: number): number {
  const number = Number(text);
  if (!/^\s*[-+]?\d+$/.test(text) || Math.abs(number) > 0x7fffffff)
    throw new Refused('dpif', 'Integer number expected');
  if (number < 0) throw new Refused('dpif', 'Negative number not expected');
  if (number > most) throw new Refused('dpif', 'Can not set value beyond the datapath capability');
  return number;
}
