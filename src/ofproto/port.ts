/**
 * The ports of a switch and the bundles they form. Made by `Ofproto`, read by translation and by whoever shows ports.
 * How a bundle treats VLANs is in bundle.ts.
 */
import type { DpPort, OfPort } from '../base/units.ts';
import { ofPort } from '../base/units.ts';
import type { Netdev } from '../netdev/provider.ts';
import type { BundleConfig } from './config.ts';

/** Number of the port that has the bridge's own name: OFPP_LOCAL in its 16-bit form. */
export const localPort = ofPort(65534);

export class OfprotoPort {
  readonly ofPort: OfPort;
  readonly netdev: Netdev;
  /** undefined for a patch port: no datapath knows it. */
  readonly dpPort: DpPort | undefined;
  /** Name of the patch port at the other end. */
  patchPeer: string | undefined;
  /** The Port row it is a member of, once that is configured. */
  bundle: Bundle | undefined;
  /** Frames that crossed a patch port: its device never sees them. */
  readonly patchCounters = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 };

  constructor(number: OfPort, netdev: Netdev, dpPort: DpPort | undefined, patchPeer: string | undefined) {
    this.ofPort = number;
    this.netdev = netdev;
    this.dpPort = dpPort;
    this.patchPeer = patchPeer;
  }

  get name(): string {
    return this.netdev.name;
  }
}

/** A Port row in the switch: one interface, or a bond of several. */
export class Bundle {
  readonly name: string;
  config: BundleConfig;
  /** In the order of `config.members`, without those that are not (yet) there. */
  members: readonly OfprotoPort[] = [];

  constructor(name: string, config: BundleConfig) {
    this.name = name;
    this.config = config;
  }
}
