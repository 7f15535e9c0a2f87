/** `stp/*` and `rstp/*`: the spanning trees of bridges. */
import { Refused } from '../../base/errors.ts';
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import type { SpanningTree } from '../../ofproto/spanning-tree/spanning-tree.ts';
import { formatRstp, formatStp, reportRstp, reportStp, type TreeReport } from '../../ofproto/views/stp.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';

interface Protocol {
  readonly name: 'stp' | 'rstp';
  /** What is said where a bridge speaks it not. */
  readonly complaint: string;
  readonly report: (tree: SpanningTree) => TreeReport | undefined;
  readonly format: (report: TreeReport) => string;
}

const protocols: readonly Protocol[] = [
  {
    name: 'stp',
    complaint: 'no such stp object',
    report: ({ stp }) => stp && reportStp(stp),
    format: formatStp,
  },
  {
    name: 'rstp',
    complaint: 'No such RSTP object',
    report: ({ rstp }) => rstp && reportRstp(rstp),
    format: formatRstp,
  },
];

const bridgeArgument = { usage: '[bridge]', minArgs: 0, maxArgs: 1 };

export function treeCommands(aSwitch: Switch): Command[] {
  return protocols.flatMap((protocol) => [
    defineCommand({
      name: `${protocol.name}/show`,
      ...bridgeArgument,
      run([bridge]) {
        const trees = treesOf(aSwitch, protocol, bridge);
        const reports = trees.flatMap((tree) => protocol.report(tree) ?? []);
        return { text: reports.map(protocol.format).join(''), json: reports.map(asJson) };
      },
    }),
    defineCommand({
      name: `${protocol.name}/tcn`,
      ...bridgeArgument,
      run([bridge]) {
        for (const tree of treesOf(aSwitch, protocol, bridge)) tree.notifyTopologyChange();
        return told('OK');
      },
    }),
  ]);
}

/**
 * In the order in which they were made; throws Refused where the one that is asked for speaks another protocol, or
 * none.
 */
function treesOf(
  aSwitch: Switch,
  { report, complaint }: Protocol,
  bridge: string | undefined,
): SpanningTree[] {
  const found = [...aSwitch.state.bridges.values()]
    .filter(({ ofproto }) => (bridge ?? ofproto.name) === ofproto.name)
    .map(({ ofproto }) => ofproto.protocols.spanningTree)
    .filter((tree) => report(tree) !== undefined);
  if (bridge !== undefined && found.length === 0) throw new Refused('stp', complaint);
  return found;
}
