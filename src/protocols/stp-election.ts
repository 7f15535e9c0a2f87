/**
 * STP: which bridge is the root, which port leads to it, and for which links a bridge is the designated one. Clause
 * 8.6.
 */
import type { BridgeId, ConfigurationBpdu } from '../wire/bpdu.ts';
import { compareDesignations, type Designation, StpLink } from './stp-link.ts';
import type { StpPortSettings } from './stp-types.ts';

export class StpElection<P> {
  #id: BridgeId;
  #rootId: BridgeId;
  #rootPathCost = 0;
  #rootLink: StpLink<P> | undefined;
  /** By number of the port. */
  #links: ReadonlyMap<P, StpLink<P>> = new Map();

  constructor(id: BridgeId) {
    this.#id = id;
    this.#rootId = id;
  }

  get id(): BridgeId {
    return this.#id;
  }

  get rootId(): BridgeId {
    return this.#rootId;
  }

  get rootPathCost(): number {
    return this.#rootPathCost;
  }

  get rootLink(): StpLink<P> | undefined {
    return this.#rootLink;
  }

  get isRoot(): boolean {
    return this.#id === this.#rootId;
  }

  get links(): ReadonlyMap<P, StpLink<P>> {
    return this.#links;
  }

  add(port: P, settings: StpPortSettings): void {
    const link = new StpLink(port, settings, this.designation(0));
    this.becomeDesignated(link);
    const links = [...this.#links, [port, link] as const];
    this.#links = new Map(links.sort(([, a], [, b]) => a.settings.number - b.settings.number));
  }

  remove(port: P): void {
    this.#links = new Map([...this.#links].filter(([other]) => other !== port));
  }

  inUse(): StpLink<P>[] {
    return [...this.#links.values()].filter(({ isInUse }) => isInUse);
  }

  /** Where it was designated, it still is. */
  setId(id: BridgeId): void {
    for (const link of this.inUse())
      if (this.isDesignated(link)) link.designated = { ...link.designated, bridgeId: id };
    this.#id = id;
  }

  isDesignated({ designated, portId }: StpLink<P>): boolean {
    return designated.bridgeId === this.#id && designated.portId === portId;
  }

  /** 8.6.2: the BPDU is better than what is known of the link, or newer from the same. */
  isSupersededBy({ designated }: StpLink<P>, bpdu: ConfigurationBpdu): boolean {
    const difference = compareDesignations(bpdu, designated);
    if (difference !== 0) return difference < 0;
    return bpdu.bridgeId !== this.#id || bpdu.portId <= designated.portId;
  }

  /** 8.6.7 */
  update(): void {
    this.#selectRoot();
    for (const link of this.inUse()) if (this.#mayBeDesignated(link)) this.becomeDesignated(link);
  }

  /** 8.6.8 */
  #selectRoot(): void {
    this.#rootLink = this.inUse()
      .filter((link) => !this.isDesignated(link) && link.designated.rootId < this.#id)
      .reduce<StpLink<P> | undefined>(
        (best, link) => (best === undefined || link.leadsBetterThan(best) ? link : best),
        undefined,
      );
    this.#rootId = this.#rootLink?.designated.rootId ?? this.#id;
    this.#rootPathCost = this.#rootLink?.costToRoot ?? 0;
  }

  /** 8.6.9 */
  #mayBeDesignated(link: StpLink<P>): boolean {
    const { designated } = link;
    if (this.isDesignated(link) || designated.rootId !== this.#rootId) return true;
    const difference = compareDesignations(this.designation(link.portId), designated);
    return difference < 0 || (difference === 0 && link.portId <= designated.portId);
  }

  /** 8.6.10 */
  becomeDesignated(link: StpLink<P>): void {
    link.designated = this.designation(link.portId);
  }

  /** What the bridge says on a link. */
  designation(portId: number): Designation {
    return { rootId: this.#rootId, rootPathCost: this.#rootPathCost, bridgeId: this.#id, portId };
  }
}
