/** All reasons for which packets are dropped, wherever that is, in one list: for those who read of them. */
import { namesIn } from '../../base/literals.ts';
import {
  coverageNameOf,
  type DpDropReason,
  dpDropText,
  dropNames,
  isActionDrop,
} from '../../datapath/drops.ts';
import { type DropReason, dropReasonNames, explainDrop } from '../translate/drop-reasons.ts';

/** Who drops: a bridge for what its flows say, the datapath that runs them, or a device. */
export type DropPlace = 'bridge' | 'datapath' | 'device';

/** Counted by devices. */
const deviceReasons = {
  rxQueueFull: "the queue of what was received was full: a port's datapath thread did not keep up",
  rxUnusable: 'it could not be received: cut short, or described in a way that makes no sense',
  txQueueFull: 'the device took no more: it was down, or its queue was full',
  txRefused: 'the device refused to send it',
} as const satisfies Record<string, string>;

export type DeviceDropReason = keyof typeof deviceReasons;
export type AnyDropReason = DropReason | DpDropReason | DeviceDropReason;

export interface DropExplanation {
  readonly reason: AnyDropReason;
  readonly place: DropPlace;
  readonly text: string;
  /** The coverage counter that has it too, where that is not the one of all that flows drop. */
  readonly coverage: string | undefined;
}

/** Those that a `drop` action gives are told as what the bridge gave them for. */
export const dropList: readonly DropExplanation[] = [
  ...dropReasonNames.map((reason) => ({
    reason,
    place: 'bridge' as const,
    text: explainDrop(reason).text,
    coverage: coverageOf(explainDrop(reason).counted),
  })),
  ...dropNames
    .filter((reason) => !isActionDrop(reason))
    .map((reason) => ({
      reason,
      place: 'datapath' as const,
      text: dpDropText(reason),
      coverage: coverageNameOf(reason),
    })),
  ...namesIn(deviceReasons).map((reason) => ({
    reason,
    place: 'device' as const,
    text: deviceReasons[reason],
    coverage: undefined,
  })),
];

function coverageOf(counted: DpDropReason | undefined): string | undefined {
  return counted === undefined ? undefined : coverageNameOf(counted);
}

const byReason = new Map(dropList.map((one) => [`${one.place} ${one.reason}`, one]));

/** Throws for a reason that is none of that place. */
export function explanationOf(place: DropPlace, reason: AnyDropReason): DropExplanation {
  const found = byReason.get(`${place} ${reason}`);
  if (found === undefined) throw new Error(`${reason} is no reason of a ${place}`);
  return found;
}
