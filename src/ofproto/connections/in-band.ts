/**
 * In-band control: what the bridge's own host needs to reach controllers and managers by way of the bridge is forwarded
 * whatever the flows of the controller say, by rules above all of those. ovs-vswitchd.conf.db(5), `connection_mode`.
 */
import { errnos, strerror } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { keyValues } from '../../flow/key-values.ts';
import type { Match } from '../../flow/match.ts';
import { MatchBuilder } from '../../flow/match-text.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { portText } from '../../openflow/ports.ts';
import type { InBandConfig } from '../config.ts';
import type { Ofproto } from '../ofproto.ts';
import { localPort } from '../port.ts';
import { addRule, removeRules } from '../tables/flow-transaction.ts';
import { type Rule, toNormal } from '../tables/rule.ts';

const log = logger('in_band');
const unreachable = new LimitedSite({ perMinute: 60, burst: 60 });

/** Milliseconds after which routes are looked at again while some are unknown, and while all are known. */
const impatience = ms(1000);
const patience = ms(10_000);

export interface InBandDeps {
  readonly ofproto: Ofproto;
  readonly timers: Timers;
  /**
   * "xx:xx:xx:xx:xx:xx" of the host, or the gateway, that packets for an IPv4 address are sent to; undefined while it is
   * not known. Throws SyscallFailed where there is no route. Absent where the local port is no device of the host.
   */
  readonly neighbourOf: ((address: string) => string | undefined) | undefined;
}

export class InBand {
  readonly #deps: InBandDeps;
  #config: InBandConfig = { remotes: [], queue: undefined };
  /** By their priority and match as text. */
  #rules = new Map<string, Rule>();
  /** Of those that packets for the remotes are sent to, by the addresses of these. */
  readonly #neighbours = new Map<string, string>();
  #timer: Timer | undefined;

  constructor(deps: InBandDeps) {
    this.#deps = deps;
  }

  configure(config: InBandConfig): void {
    if (config.queue !== this.#config.queue) this.#replace([]);
    this.#config = config;
    this.#neighbours.clear();
    this.#look();
  }

  /** The local port, or its address, is another one. */
  localPortChanged(): void {
    this.#update();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { remotes } = this.#config;
    const addresses = new Set(remotes.map(({ address }) => address));
    for (const address of addresses) {
      const mac = this.#neighbourOf(address);
      if (mac !== undefined) this.#neighbours.set(address, mac);
    }
    this.#update();
    if (addresses.size === 0) return;
    const isKnown = this.#neighbours.size === addresses.size;
    this.#timer = this.#deps.timers.after(isKnown ? patience : impatience, () => this.#look());
  }

  /** One that was known and is not at the moment is as before. */
  #neighbourOf(address: string): string | undefined {
    const { neighbourOf, ofproto } = this.#deps;
    const complain = (reason: string): void =>
      log.limited(
        'warn',
        unreachable,
        `${ofproto.name}: cannot find route for controller (${address}): ${reason}`,
      );
    if (neighbourOf === undefined) {
      complain(strerror(errnos.EOPNOTSUPP));
      return undefined;
    }
    try {
      return neighbourOf(address);
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      complain(why.reason);
      return undefined;
    }
  }

  #update(): void {
    this.#deps.ofproto.tables.deps.turns.whenFree(() => this.#updateNow());
  }

  #updateNow(): void {
    const local = this.#deps.ofproto.ports.get(localPort)?.netdev.state.mac;
    const { remotes } = this.#config;
    if (local === undefined || remotes.length === 0) this.#replace([]);
    else this.#replace(ruleTexts(local, new Set(this.#neighbours.values()), this.#config));
  }

  /** "180000 udp,..." */
  #replace(wanted: readonly string[]): void {
    const { tables } = this.#deps.ofproto;
    const before = this.#rules;
    this.#rules = new Map();
    const added: string[] = [];
    for (const text of new Set(wanted)) {
      const known = before.get(text);
      if (known === undefined) added.push(text);
      else this.#rules.set(text, known);
      before.delete(text);
    }
    removeRules(tables, before.values());
    for (const text of added) {
      const [priority = '', match = ''] = text.split(' ');
      const rule = { table: 0, priority: Number(priority), match: matchOf(match), actions: this.#actions };
      this.#rules.set(text, addRule(tables, rule));
    }
  }

  get #actions(): Action[] {
    const { queue } = this.#config;
    return queue === undefined ? [toNormal] : [{ do: 'set_queue', queue }, toNormal];
  }
}

/** `local` is the address of the local port, `neighbours` those that it sends to. */
function ruleTexts(local: string, neighbours: ReadonlySet<string>, { remotes }: InBandConfig): string[] {
  return [
    `180000 udp,in_port=LOCAL,dl_src=${local},tp_src=68,tp_dst=67`, // DHCP, to have an address
    `180001 arp,dl_dst=${local},arp_op=2`,
    `180002 arp,dl_src=${local},arp_op=1`,
    ...[...neighbours].flatMap((mac) => [
      `180003 arp,dl_dst=${mac},arp_op=2`,
      `180004 arp,dl_src=${mac},arp_op=1`,
    ]),
    ...remotes.flatMap(({ address, port }) => [
      `180005 arp,arp_tpa=${address},arp_op=2`,
      `180006 arp,arp_spa=${address},arp_op=1`,
      `180007 tcp,nw_dst=${address},tp_dst=${port}`,
      `180008 tcp,nw_src=${address},tp_src=${port}`,
    ]),
  ];
}

function matchOf(text: string): Match {
  const builder = new MatchBuilder();
  for (const { name, value } of keyValues(text)) builder.take(name, value, portText);
  return builder.match;
}
