/** Who may keep a packet from leaving by a port, in the reference's order; to add one is a line in the list. */
import type { OfprotoPort } from '../port.ts';
import type { DropReason } from './drop-reasons.ts';

/** Why a packet that came by `from` may not leave by `to`; undefined when it may. */
type OutputCheck = (from: OfprotoPort | undefined, to: OfprotoPort) => DropReason | undefined;

const outputChecks: readonly OutputCheck[] = [refuseBetweenProtected];

/** The first reason why it may not. */
export const refuseOutput: OutputCheck = (from, to) => {
  for (const check of outputChecks) {
    const reason = check(from, to);
    if (reason !== undefined) return reason;
  }
  return undefined;
};

function refuseBetweenProtected(from: OfprotoPort | undefined, to: OfprotoPort): DropReason | undefined {
  const isBetween = from?.bundle?.config.isProtected === true && to.bundle?.config.isProtected === true;
  return isBetween ? 'protectedPorts' : undefined;
}
