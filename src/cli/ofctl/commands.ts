/** The commands of ovs-ofctl, in the order in which it lists them. */
import type { CommandShape } from '../command-table.ts';
import { sendBundle } from './bundle.ts';
import { composePacket, printCapturedMessages, printCapturedPackets, printPacket } from './captures.ts';
import { benchmark, getFragments, ping, probe, setFragments } from './configuration.ts';
import { flushConnections, flushZone } from './connections.ts';
import type { OfctlContext } from './context.ts';
import { dump, dumpPorts, show } from './dump.ts';
import { dumpAggregate, dumpFlows } from './dump-flows.ts';
import { addFlows, changeFlow, parseFlow, parseFlows } from './flow-changes.ts';
import { diffFlows, replaceFlows } from './flow-differences.ts';
import { addGroups, changeGroup, dumpGroupStats, dumpGroups, modGroup, parseGroup } from './groups.ts';
import { encodeErrorReply, encodeHello, printErrorNumbers, printFile, printHex } from './messages.ts';
import { changeMeter, dumpMeters, meterFeatures } from './meters.ts';
import { monitor, snoop } from './monitor.ts';
import { sendPackets } from './packets.ts';
import { modPort, queueGetConfig, queueStats } from './ports.ts';
import { dumpTableDesc, dumpTableFeatures, modTable } from './tables.ts';
import { printActions } from './test-actions.ts';
import {
  checkVlan,
  printMatches10,
  printMatches11,
  printNxMatches,
  printOxmMatches,
} from './test-matches.ts';
import { printKeyValues } from './test-texts.ts';
import { addTlvMap, delTlvMap } from './tunnels.ts';

interface Command extends CommandShape {
  /** Changes the switch, which --read-only forbids. */
  readonly isChange?: true;
  /** Leaves the terminal with --detach. */
  readonly mayDetach?: boolean;
  /** Resolves with the exit status where that may be another than 0. Throws VswitchError. */
  run(context: OfctlContext, args: readonly string[]): void | Promise<void> | Promise<number>;
}

export const ofctlCommands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['show', { usage: 'switch', min: 1, max: 1, run: show }],
  [
    'monitor',
    { usage: 'switch [misslen] [invalid_ttl] [watch:[...]]', min: 1, max: 3, mayDetach: true, run: monitor },
  ],
  ['snoop', { usage: 'switch', min: 1, max: 1, mayDetach: true, run: snoop }],
  ['dump-desc', { usage: 'switch', min: 1, max: 1, run: dump('DESC_REQUEST') }],
  ['dump-tables', { usage: 'switch', min: 1, max: 1, run: dump('TABLE_REQUEST') }],
  ['dump-table-features', { usage: 'switch', min: 1, max: 1, run: dumpTableFeatures }],
  ['dump-table-desc', { usage: 'switch', min: 1, max: 1, run: dumpTableDesc }],
  ['dump-flows', { usage: 'switch', min: 1, max: 2, run: dumpFlows }],
  ['dump-aggregate', { usage: 'switch', min: 1, max: 2, run: dumpAggregate }],
  ['queue-stats', { usage: 'switch [port [queue]]', min: 1, max: 3, run: queueStats }],
  ['queue-get-config', { usage: 'switch [port [queue]]', min: 1, max: 3, run: queueGetConfig }],
  ['add-flow', { usage: 'switch flow', min: 2, max: 2, isChange: true, run: changeFlow('add') }],
  ['add-flows', { usage: 'switch file', min: 2, max: 2, isChange: true, run: addFlows }],
  [
    'mod-flows',
    { usage: 'switch flow', min: 2, max: 2, isChange: true, run: changeFlow('modify', 'modify_strict') },
  ],
  [
    'del-flows',
    { usage: 'switch [flow]', min: 1, max: 2, isChange: true, run: changeFlow('delete', 'delete_strict') },
  ],
  ['replace-flows', { usage: 'switch file', min: 2, max: 2, isChange: true, run: replaceFlows }],
  ['diff-flows', { usage: 'source1 source2', min: 2, max: 2, run: diffFlows }],
  ['add-meter', { usage: 'switch meter', min: 2, max: 2, isChange: true, run: changeMeter('add') }],
  ['mod-meter', { usage: 'switch meter', min: 2, max: 2, isChange: true, run: changeMeter('modify') }],
  ['del-meter', { usage: 'switch meter', min: 1, max: 2, isChange: true, run: changeMeter('delete') }],
  ['del-meters', { usage: 'switch', min: 1, max: 2, isChange: true, run: changeMeter('delete') }],
  ['dump-meter', { usage: 'switch meter', min: 1, max: 2, run: dumpMeters('METER_CONFIG_REQUEST') }],
  ['dump-meters', { usage: 'switch', min: 1, max: 2, run: dumpMeters('METER_CONFIG_REQUEST') }],
  ['meter-stats', { usage: 'switch [meter]', min: 1, max: 2, run: dumpMeters('METER_REQUEST') }],
  ['meter-features', { usage: 'switch', min: 1, max: 1, run: meterFeatures }],
  [
    'packet-out',
    {
      usage: 'switch "in_port=<port> packet=<hex data> actions=..."',
      min: 2,
      max: Number.POSITIVE_INFINITY,
      isChange: true,
      run: sendPackets,
    },
  ],
  ['dump-ports', { usage: 'switch [port]', min: 1, max: 2, run: dumpPorts('PORT_REQUEST') }],
  ['dump-ports-desc', { usage: 'switch [port]', min: 1, max: 2, run: dumpPorts('PORT_DESC_REQUEST') }],
  ['mod-port', { usage: 'switch iface act', min: 3, max: 3, isChange: true, run: modPort }],
  ['mod-table', { usage: 'switch mod', min: 3, max: 3, isChange: true, run: modTable }],
  ['get-frags', { usage: 'switch', min: 1, max: 1, run: getFragments }],
  ['set-frags', { usage: 'switch frag_mode', min: 2, max: 2, isChange: true, run: setFragments }],
  ['probe', { usage: 'target', min: 1, max: 1, run: probe }],
  ['ping', { usage: 'target [n]', min: 1, max: 2, run: ping }],
  ['benchmark', { usage: 'target n count', min: 3, max: 3, run: benchmark }],
  ['dump-ipfix-bridge', { usage: 'switch', min: 1, max: 1, run: dump('IPFIX_BRIDGE_REQUEST') }],
  ['dump-ipfix-flow', { usage: 'switch', min: 1, max: 1, run: dump('IPFIX_FLOW_REQUEST') }],
  ['ct-flush-zone', { usage: 'switch zone', min: 2, max: 2, isChange: true, run: flushZone }],
  [
    'ct-flush',
    {
      usage: 'switch [zone=N] [ct-orig-tuple [ct-reply-tuple]]',
      min: 1,
      max: 4,
      isChange: true,
      run: flushConnections,
    },
  ],
  ['ofp-parse', { usage: 'file', min: 1, max: 1, run: printFile }],
  ['ofp-parse-pcap', { usage: 'pcap', min: 1, max: Number.POSITIVE_INFINITY, run: printCapturedMessages }],
  ['add-group', { usage: 'switch group', min: 1, max: 2, isChange: true, run: changeGroup('add') }],
  ['add-groups', { usage: 'switch file', min: 2, max: 2, isChange: true, run: addGroups }],
  ['mod-group', { usage: 'switch group', min: 1, max: 2, isChange: true, run: modGroup }],
  ['del-groups', { usage: 'switch [group]', min: 1, max: 2, isChange: true, run: changeGroup('delete') }],
  [
    'insert-buckets',
    { usage: 'switch [group]', min: 1, max: 2, isChange: true, run: changeGroup('insert_bucket') },
  ],
  [
    'remove-buckets',
    { usage: 'switch [group]', min: 1, max: 2, isChange: true, run: changeGroup('remove_bucket') },
  ],
  ['dump-groups', { usage: 'switch [group]', min: 1, max: 2, run: dumpGroups }],
  ['dump-group-stats', { usage: 'switch [group]', min: 1, max: 2, run: dumpGroupStats }],
  ['dump-group-features', { usage: 'switch', min: 1, max: 1, run: dump('GROUP_FEATURES_REQUEST') }],
  ['bundle', { usage: 'switch file', min: 2, max: 2, isChange: true, run: sendBundle }],
  ['add-tlv-map', { usage: 'switch map', min: 2, max: 2, isChange: true, run: addTlvMap }],
  ['del-tlv-map', { usage: 'switch [map]', min: 1, max: 2, isChange: true, run: delTlvMap }],
  ['dump-tlv-map', { usage: 'switch', min: 1, max: 1, run: dump('TLV_TABLE_REQUEST') }],
  ['parse-flow', { usage: '', min: 1, max: 1, run: parseFlow }],
  ['parse-flows', { usage: '', min: 1, max: 1, run: parseFlows }],
  ['parse-group', { usage: '', min: 1, max: 1, run: parseGroup }],
  ['parse-nx-match', { usage: '', min: 0, max: 0, run: printNxMatches }],
  ['parse-nxm', { usage: '', min: 0, max: 0, run: printNxMatches }],
  ['parse-oxm', { usage: '', min: 1, max: 1, run: printOxmMatches }],
  ['parse-actions', { usage: '', min: 1, max: 1, run: printActions('actions') }],
  ['parse-instructions', { usage: '', min: 1, max: 1, run: printActions('instructions') }],
  ['parse-ofp10-match', { usage: '', min: 0, max: 0, run: printMatches10 }],
  ['parse-ofp11-match', { usage: '', min: 0, max: 0, run: printMatches11 }],
  ['parse-pcap', { usage: '', min: 1, max: Number.POSITIVE_INFINITY, run: printCapturedPackets }],
  ['check-vlan', { usage: '', min: 2, max: 2, run: checkVlan }],
  ['print-error', { usage: '', min: 1, max: 1, run: printErrorNumbers }],
  ['encode-error-reply', { usage: '', min: 2, max: 2, run: encodeErrorReply }],
  ['ofp-print', { usage: '', min: 1, max: 2, run: printHex }],
  ['encode-hello', { usage: '', min: 1, max: 1, run: encodeHello }],
  ['parse-key-value', { usage: '', min: 1, max: Number.POSITIVE_INFINITY, run: printKeyValues }],
  ['compose-packet', { usage: '', min: 1, max: 2, run: composePacket }],
  ['parse-packet', { usage: '', min: 0, max: 0, run: printPacket }],
]);
