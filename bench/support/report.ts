/** What a bench gives back, and how it stands in the table of bench/README.md. */

import { Progress } from './progress.ts';
import { reference } from './reference.ts';

/** One measured thing: medians, ours beside the reference's from the same run. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** The real Open vSwitch, or what `against` names. */
  readonly theirs?: number;
  /** `reference.name` when absent. */
  readonly against?: string;
  readonly better: 'more' | 'less';
}

/** A file bench/NAME.bench.ts exports one of these as `bench`. */
export interface Bench {
  /** The question that the bench answers. */
  readonly question: string;
  /** Why it cannot run here, or undefined. */
  readonly missing?: () => string | undefined;
  readonly run: (progress: Progress) => Promise<readonly Row[]>;
}

/** Runs it, and says on standard error what it measures. `place`: its name, and which of how many it is. */
export async function measure(bench: Bench, place: string): Promise<readonly Row[]> {
  const progress = new Progress(place, (line) => process.stderr.write(`${line}\n`));
  const rows = await bench.run(progress);
  progress.end();
  return rows;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** How many times better ours is; below 1 it is worse. */
function ratio(row: Row): string {
  if (row.theirs === undefined) return '';
  const times = row.better === 'more' ? row.ours / row.theirs : row.theirs / row.ours;
  return `${times.toPrecision(2)} x`;
}

function amount(value: number | undefined): string {
  if (value === undefined) return '';
  return value >= 1000
    ? Math.round(value).toLocaleString('en').replaceAll(',', ' ')
    : String(Number(value.toPrecision(3)));
}

/** A Markdown table. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const against = row.theirs === undefined ? '' : (row.against ?? reference.name);
    return `| ${row.what} | ${amount(row.ours)} ${row.unit} | ${amount(row.theirs)} | ${against} | ${ratio(row)} |`;
  });
  return ['| what | ovs-ts | the other | which is | better by |', '|---|---|---|---|---|', ...lines].join(
    '\n',
  );
}
