/** Actions that run in several ways for one packet. */
import type { DpAction } from '../../datapath/actions.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { Translation } from './translation.ts';

/** Runs actions on a copy of the packet: what they change is not seen behind them. */
export function runClone(t: Translation, actions: readonly Action[]): void {
  t.detours.takeApart(actions, () => t.runner.runToEnd(actions));
}

/**
 * Runs the rest of the list twice, for packets of more than `size` bytes and for others; the datapath chooses.
 * `prepare` tells the packet which it is.
 */
export function branchBySize(t: Translation, size: number, prepare: (isLarger: boolean) => void): void {
  const { context, packet } = t.request;
  const packetSize = packet?.length ?? 0;
  if (!context.abilities.has('check_pkt_len')) {
    prepare(packetSize > size);
    t.outcome.slow('action');
    return;
  }
  t.datapath.commit();
  const { rest } = t.runner;
  const branch = (isLarger: boolean): DpAction[] =>
    t.detours.collect(() => {
      prepare(isLarger);
      t.runner.runToEnd(rest);
    });
  const ifGreater = branch(true);
  const { hasEnded } = t.packet;
  t.packet.hasEnded = false;
  const ifLessEqual = branch(false);
  t.packet.hasEnded = hasEnded;
  t.datapath.push({ do: 'check_pkt_len', size, ifGreater, ifLessEqual });
  t.runner.endList();
}
