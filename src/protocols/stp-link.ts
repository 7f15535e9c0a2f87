/** What STP knows of one port of the bridge, and of the link behind it: IEEE 802.1D-1998 clause 8.5.5. */
import type { BridgeId, ConfigurationBpdu } from '../wire/bpdu.ts';
import { type StpPortSettings, type StpState, StpTimer } from './stp-types.ts';

/** What the designated bridge of a link says. */
export type Designation = Pick<ConfigurationBpdu, 'rootId' | 'rootPathCost' | 'bridgeId' | 'portId'>;

/** Negative where `a` is better, as far as it does not depend on ports. */
export function compareDesignations(a: Designation, b: Designation): number {
  return (
    compareIds(a.rootId, b.rootId) || a.rootPathCost - b.rootPathCost || compareIds(a.bridgeId, b.bridgeId)
  );
}

function compareIds(a: BridgeId, b: BridgeId): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export class StpLink<P> {
  readonly owner: P;
  settings: StpPortSettings;
  state: StpState = 'disabled';
  designated: Designation;
  mustAcknowledge = false;
  isConfigurationPending = false;
  readonly messageAge = new StpTimer();
  readonly delay = new StpTimer();
  /** Until it has passed, no second BPDU of the kind is sent. */
  readonly hold = new StpTimer();
  counters = { sent: 0, received: 0, bad: 0 };

  constructor(owner: P, settings: StpPortSettings, designated: Designation) {
    this.owner = owner;
    this.settings = settings;
    this.designated = designated;
  }

  /** Its priority and its number. */
  get portId(): number {
    const { priority, number } = this.settings;
    return ((priority & 0xff) << 8) | number;
  }

  get isInUse(): boolean {
    return this.state !== 'disabled';
  }

  /** 8.8.1, 8.8.2 */
  reset(isUp: boolean): void {
    this.state = isUp ? 'blocking' : 'disabled';
    this.mustAcknowledge = false;
    this.isConfigurationPending = false;
    this.messageAge.stop();
    this.delay.stop();
    if (!isUp) return;
    this.hold.stop();
    this.counters = { sent: 0, received: 0, bad: 0 };
  }

  /** 8.6.2.2 */
  record({ rootId, rootPathCost, bridgeId, portId, messageAge }: ConfigurationBpdu): void {
    this.designated = { rootId, rootPathCost, bridgeId, portId };
    this.messageAge.start(messageAge);
  }

  get costToRoot(): number {
    return this.designated.rootPathCost + this.settings.pathCost;
  }

  /** 8.6.8.3: as the way to the root. */
  leadsBetterThan(other: StpLink<P>): boolean {
    const here = { ...this.designated, rootPathCost: this.costToRoot };
    const there = { ...other.designated, rootPathCost: other.costToRoot };
    const difference =
      compareDesignations(here, there) || here.portId - there.portId || this.portId - other.portId;
    return difference < 0;
  }

  /** 8.6.12 */
  beginForwarding(): void {
    if (this.state !== 'blocking') return;
    this.state = 'listening';
    this.delay.start();
  }

  /** 8.6.13. True where that changes the topology. */
  block(): boolean {
    if (this.state === 'blocking' || this.state === 'disabled') return false;
    const wasActive = this.state !== 'listening';
    this.state = 'blocking';
    this.delay.stop();
    return wasActive;
  }
}
