/** The commands of ovs-dpctl(8). Each is the daemon's of the same name behind "dpctl/". */
import type { CommandShape } from '../command-table.ts';

export interface DpctlShape extends CommandShape {
  /** It leaves datapaths as they are. */
  readonly onlyReads: boolean;
  /** Its last argument may be a file, which the daemon reads. */
  readonly takesFile: boolean;
}

const many = Number.POSITIVE_INFINITY;

/** Name, arguments, how many at least and at most, and whether it reads or writes; in the order of the reference. */
const rows: readonly (readonly [string, string, number, number, 'reads' | 'writes'])[] = [
  ['add-dp', 'dp [iface...]', 1, many, 'writes'],
  ['del-dp', 'dp', 1, 1, 'writes'],
  ['add-if', 'dp iface...', 2, many, 'writes'],
  ['del-if', 'dp iface...', 2, many, 'writes'],
  ['set-if', 'dp iface...', 2, many, 'writes'],
  ['dump-dps', '', 0, 0, 'reads'],
  ['show', '[-s] [dp...]', 0, many, 'reads'],
  ['dump-flows', '[-m] [--names] [dp] [filter=..] [type=..] [pmd=..]', 0, 6, 'reads'],
  ['add-flow', '[dp] flow actions', 2, 3, 'writes'],
  ['mod-flow', '[dp] flow actions', 2, 3, 'writes'],
  ['get-flow', '[dp] ufid', 1, 2, 'reads'],
  ['del-flow', '[dp] flow', 1, 2, 'writes'],
  ['add-flows', '[dp] file', 1, 2, 'writes'],
  ['mod-flows', '[dp] file', 1, 2, 'writes'],
  ['del-flows', '[dp] [file]', 0, 2, 'writes'],
  ['offload-stats-show', '[dp]', 0, 1, 'reads'],
  ['dump-conntrack', '[-m] [-s] [dp] [zone=N]', 0, 4, 'reads'],
  ['flush-conntrack', '[dp] [zone=N] [ct-orig-tuple] [ct-reply-tuple]', 0, 4, 'writes'],
  ['cache-get-size', '[dp]', 0, 1, 'reads'],
  ['cache-set-size', 'dp cache <size>', 3, 3, 'writes'],
  ['ct-stats-show', '[dp] [zone=N]', 0, 3, 'reads'],
  ['ct-bkts', '[dp] [gt=N]', 0, 2, 'reads'],
  ['ct-set-maxconns', '[dp] maxconns', 1, 2, 'writes'],
  ['ct-get-maxconns', '[dp]', 0, 1, 'reads'],
  ['ct-get-nconns', '[dp]', 0, 1, 'reads'],
  ['ct-enable-tcp-seq-chk', '[dp]', 0, 1, 'writes'],
  ['ct-disable-tcp-seq-chk', '[dp]', 0, 1, 'writes'],
  ['ct-get-tcp-seq-chk', '[dp]', 0, 1, 'reads'],
  ['ct-set-limits', '[dp] [default=L] [zone=N,limit=L]...', 1, many, 'writes'],
  ['ct-del-limits', '[dp] zone=N1[,N2]...', 1, 2, 'writes'],
  ['ct-get-limits', '[dp] [zone=N1[,N2]...]', 0, 2, 'reads'],
  ['ipf-set-enabled', '[dp] v4|v6', 1, 2, 'writes'],
  ['ipf-set-disabled', '[dp] v4|v6', 1, 2, 'writes'],
  ['ipf-set-min-frag', '[dp] v4|v6 minfragment', 2, 3, 'writes'],
  ['ipf-set-max-nfrags', '[dp] maxfrags', 1, 2, 'writes'],
  ['ipf-get-status', '[dp]', 0, 1, 'reads'],
  ['help', '', 0, many, 'reads'],
  ['list-commands', '', 0, many, 'reads'],
  ['parse-actions', 'actions', 1, many, 'reads'],
  ['normalize-actions', 'actions', 2, many, 'reads'],
];

export const dpctlShapes: ReadonlyMap<string, DpctlShape> = new Map(
  rows.map(([name, usage, min, max, does]) => [
    name,
    { usage, min, max, onlyReads: does === 'reads', takesFile: name.endsWith('-flows') && does === 'writes' },
  ]),
);
