/** Matches as ovs-ofctl prints them. What is printed, in which order and how, says match-format/match-items.ts. */
import { etherTypeOf, newKey } from './key.ts';
import type { Mask } from './mask.ts';
import { type Match, unpackKey } from './match.ts';
import { type MatchTextOptions, plain, type Text } from './match-format/match-item.ts';
import { items } from './match-format/match-items.ts';
import { wordFor } from './match-format/match-words.ts';

export const usualPriority = 32768;

/** What a mask can say, decided once for all matches under it. */
interface Plan {
  readonly mask: Uint32Array;
  readonly texts: readonly Text[];
}

function planFor(mask: Uint32Array): Plan {
  return { mask, texts: items.map((item) => item(mask)).filter((text) => text !== undefined) };
}

const plans = new WeakMap<Mask, Plan>();
/** For the function that uses it only. */
const unpacked = newKey();

/** No trailing comma. `key` is zero outside `mask`. */
export function formatMatch(key: Uint32Array, mask: Uint32Array, options: MatchTextOptions): string {
  return formatPlanned(planFor(mask), key, options);
}

/** The same of a packed match, with the options of tunnels that it has beside its key. */
export function formatPacked(
  match: Match,
  { priority, ports, paint }: Pick<MatchTextOptions, 'ports' | 'priority' | 'paint'>,
): string {
  let plan = plans.get(match.mask);
  if (plan === undefined) {
    plan = planFor(match.mask.unpack());
    plans.set(match.mask, plan);
  }
  return formatPlanned(plan, unpackKey(match, unpacked), {
    ports,
    paint,
    priority,
    tunnelOptions: match.options,
  });
}

function formatPlanned({ mask, texts }: Plan, key: Uint32Array, options: MatchTextOptions): string {
  const { priority = usualPriority, paint = plain } = options;
  const type = etherTypeOf(key);
  const view = { key, mask, options, paint, type, word: wordFor(key, mask, type) };
  let all = priority === usualPriority ? '' : `${paint('priority=', 'special')}${priority}`;
  for (const textOf of texts) {
    const text = textOf(view);
    if (text !== '') all += all === '' ? text : `,${text}`;
  }
  return all;
}
