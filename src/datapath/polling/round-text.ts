/** Tables of rounds and of milliseconds of a thread that polls, the last ones first. */
import type { MillisecondOfWork, Round, RoundWork } from './round-history.ts';

const roundTitle =
  '   iter                cycles       packets      cycles/pkt   pkts/batch   vhost qlen   upcalls      cycles/upcall\n';
const millisecondTitle =
  '   ms             iterations   cycles/it    Kpps         cycles/pkt   pkts/batch   vhost qlen   upcalls      cycles/upcall\n';

export function formatRounds(rounds: readonly Round[]): string {
  const lines = rounds.map(
    (round) => `   ${left(round.number, 17)}   ${columns([round.cycles, round.packets, ...ratios(round)])}\n`,
  );
  return roundTitle + lines.reverse().join('');
}

export function formatMilliseconds(milliseconds: readonly MillisecondOfWork[]): string {
  const lines = milliseconds.map((each) => {
    const perRound = quotient(each.cycles, each.rounds);
    // Packets of one millisecond are thousands a second.
    return `   ${left(each.at, 12)}   ${columns([each.rounds, perRound, each.packets, ...ratios(each)])}\n`;
  });
  return millisecondTitle + lines.reverse().join('');
}

/** The other columns of both. There are no queues to virtual machines. */
function ratios({ cycles, packets, batches, upcalls, upcallCycles }: Readonly<RoundWork>): number[] {
  const queueLength = 0;
  return [
    quotient(cycles, packets),
    quotient(packets, batches),
    queueLength,
    upcalls,
    quotient(upcallCycles, upcalls),
  ];
}

function columns(values: readonly number[]): string {
  return values.map((value) => left(value, 11)).join('  ');
}

function left(value: number, width: number): string {
  return String(value).padEnd(width);
}

export function quotient(value: number, of: number): number {
  return of > 0 ? Math.floor(value / of) : 0;
}
