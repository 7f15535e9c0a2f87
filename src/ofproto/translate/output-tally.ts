/** Where a packet goes out, as far as exporters tell of it. */
import type { DpPort, OfPort } from '../../base/units.ts';
import { netFlowOutput } from '../exporters/netflow.ts';

export class OutputTally {
  /** How many times the packet goes out. */
  count = 0;
  /** By which port it does last. */
  last: DpPort | undefined;
  /** As NetFlow has it. */
  netFlow: number = netFlowOutput.none;

  add(port: OfPort, dpPort: DpPort): void {
    this.count++;
    this.last = dpPort;
    this.netFlow = port;
  }

  /** It went to every port that it may go to. */
  flooded(): void {
    this.netFlow = netFlowOutput.flood;
  }

  /** It was to go through a queue of that port: one of several ports, as the reference tells of it, when it does go. */
  enqueued(port: OfPort): void {
    const { flood, several, none } = netFlowOutput;
    if (this.netFlow !== flood) this.netFlow = this.netFlow === none ? port : several;
  }

  /** Does one action that outputs, which is one of several where others did before. */
  action(run: () => void): void {
    const before = this.netFlow;
    const { flood, several, none } = netFlowOutput;
    this.netFlow = none;
    run();
    if (before === flood) this.netFlow = flood;
    else if (this.netFlow === none) this.netFlow = before;
    else if (before !== none && this.netFlow !== flood) this.netFlow = several;
  }
}
