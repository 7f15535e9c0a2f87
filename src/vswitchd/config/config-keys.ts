/** The keys of `other_config` and `options` that the daemon reads, ovs-vswitchd.conf.db(5). */

import { assignAlgorithms } from '../../datapath/polling/queue-assignment.ts';
import { booleanKey, choiceKey, integerKey, mapKey, rangeKey, textKey } from './keys.ts';
import { isHostMac, isMulticastMac, normalizeMac } from './mac.ts';
import { cfmKeys } from './monitoring-keys.ts';
import { treeBridgeKeys, treePortKeys } from './tree-keys.ts';

export const systemKeys = {
  statsUpdateInterval: integerKey(
    'stats-update-interval',
    { min: 5000, max: 0x7fff_ffff, fallback: 5000 },
    'Milliseconds between two writes of statistics.',
  ),
  enableStatistics: booleanKey('enable-statistics', false, 'Fills Open_vSwitch.statistics.'),
  flowLimit: integerKey(
    'flow-limit',
    { min: 0, max: 0xffff_ffff, fallback: 200_000 },
    'Datapath flows at most.',
  ),
  maxIdle: integerKey(
    'max-idle',
    { min: 500, max: 0x7fff_ffff, fallback: 10_000 },
    'Milliseconds that an unused datapath flow stays.',
  ),
  maxRevalidator: integerKey(
    'max-revalidator',
    { min: 100, max: 0x7fff_ffff, fallback: 500 },
    'Milliseconds between two looks at the datapath flows, at most.',
  ),
  minRevalidatePps: integerKey(
    'min-revalidate-pps',
    { min: 0, max: 0x7fff_ffff, fallback: 5 },
    'Packets a second below which a flow is deleted rather than revalidated.',
  ),
  flowRestoreWait: booleanKey(
    'flow-restore-wait',
    false,
    'At the start, forwards nothing and connects to no controller until this is false.',
  ),
  bundleIdleTimeout: integerKey(
    'bundle-idle-timeout',
    { min: 1, max: 0x7fff_ffff, fallback: 10, isZeroUnset: true },
    'Seconds after which an OpenFlow bundle that nothing is said about is given up.',
  ),
  coreMask: textKey(
    'pmd-cpu-mask',
    'hexadecimal digits',
    (text) => (text === '' ? undefined : text),
    'Cores on which threads poll, where any do.',
  ),
  queueAssignment: choiceKey(
    'pmd-rxq-assign',
    assignAlgorithms,
    'cycles',
    'How receive queues are spread over threads that poll.',
  ),
  isolatesQueues: booleanKey(
    'pmd-rxq-isolate',
    true,
    'A core that a receive queue is bound to polls no others.',
  ),
  remembersRounds: booleanKey(
    'pmd-perf-metrics',
    false,
    'Threads that poll count how long each of their rounds takes, and what it brings.',
  ),
  longestSleep: integerKey(
    'pmd-maxsleep',
    { min: 0, max: 10_000, fallback: 0 },
    'Microseconds that threads which poll may sleep; ours wake as soon as a packet comes, whatever this is.',
  ),
  isBalanced: booleanKey(
    'pmd-auto-lb',
    false,
    'Receive queues are spread anew over threads that poll when that makes their loads more even.',
  ),
  balanceInterval: rangeKey(
    'pmd-auto-lb-rebal-interval',
    { min: 1, max: 20_000, fallback: 1 },
    'Minutes between two looks at the loads of threads that poll.',
  ),
  leastLoad: rangeKey(
    'pmd-auto-lb-load-threshold',
    { min: 0, max: 100, fallback: 95 },
    'Per cent of its time that a thread must be busy before queues are spread anew.',
  ),
  leastImprovement: rangeKey(
    'pmd-auto-lb-improvement-threshold',
    { min: 0, max: 100, fallback: 25 },
    'Per cent by which the variance of loads must become less.',
  ),
  givesFlowsToDevices: booleanKey(
    'hw-offload',
    false,
    'Devices that can keep flows are given them, from then on until the daemon ends.',
  ),
  vlanLimit: integerKey(
    'vlan-limit',
    { min: 0, max: 2, fallback: 1 },
    'VLAN tags looked at; 0 is all that the datapath can.',
  ),
} as const;

export const bridgeKeys = {
  ...treeBridgeKeys,
  datapathId: textKey(
    'datapath-id',
    '16 hex digits, not all zero',
    (text) => {
      const digits = /^(?:0x)?([0-9a-fA-F]{1,16})$/.exec(text)?.[1];
      const isWhole = digits !== undefined && (text.startsWith('0x') || digits.length === 16);
      return isWhole && !/^0+$/.test(digits) ? digits.toLowerCase().padStart(16, '0') : undefined;
    },
    'OpenFlow datapath id.',
  ),
  hwaddr: textKey(
    'hwaddr',
    'an Ethernet address of one host',
    (text) => {
      const mac = normalizeMac(text);
      return mac !== undefined && isHostMac(mac) ? mac : undefined;
    },
    'Address of the local port.',
    (text) => {
      const mac = normalizeMac(text);
      if (mac === undefined) return undefined;
      return isMulticastMac(mac)
        ? `cannot set MAC address to multicast address ${mac}`
        : 'cannot set MAC address to zero';
    },
  ),
  macAgingTime: integerKey(
    'mac-aging-time',
    { min: 15, max: 3600, fallback: 300, isZeroUnset: true },
    'Seconds that a learned address lasts.',
  ),
  macTableSize: integerKey(
    'mac-table-size',
    { min: 10, max: 1_000_000, fallback: 8192, isZeroUnset: true },
    'Learned addresses at most.',
  ),
  forwardBpdu: booleanKey('forward-bpdu', false, 'Forwards link-local multicast like other frames.'),
  multicastAgingTime: integerKey(
    'mcast-snooping-aging-time',
    { min: 15, max: 3600, fallback: 300, isZeroUnset: true },
    'Seconds that a member of a multicast group lasts without reports.',
  ),
  multicastTableSize: integerKey(
    'mcast-snooping-table-size',
    { min: 10, max: 1_000_000, fallback: 2048, isZeroUnset: true },
    'Multicast groups at most.',
  ),
  keepsUnregistered: booleanKey(
    'mcast-snooping-disable-flood-unregistered',
    false,
    'Sends multicast that nobody has asked for to routers only.',
  ),
  description: textKey('dp-desc', 'text', (text) => text, 'What OpenFlow calls the switch.'),
  disableInBand: booleanKey('disable-in-band', false, 'Runs no in-band control.'),
  inBandQueue: rangeKey(
    'in-band-queue',
    { min: 0, max: 0xffff_ffff, fallback: undefined },
    'Queue of what in-band control sends.',
  ),
  controllerQueueSize: rangeKey(
    'controller-queue-size',
    { min: 1, max: 512, fallback: 100 },
    'Packets that wait for controllers at most.',
  ),
  serialNumber: textKey('dp-sn', 'text', (text) => text, 'Serial number of the switch in OpenFlow.'),
} as const;

export const controllerKeys = {
  dscp: rangeKey('dscp', { min: 0, max: 63, fallback: 48 }, 'Marks what is sent to the controller.'),
} as const;

export const portKeys = {
  ...treePortKeys,
  priorityTags: choiceKey(
    'priority-tags',
    ['never', 'if-nonzero', 'always'],
    'never',
    'Whether untagged frames leave with a priority tag.',
    { true: 'if-nonzero' },
  ),
  hashBasis: integerKey(
    'bond-hash-basis',
    { min: -0x8000_0000, max: 0x7fff_ffff, fallback: 0 },
    'What hashes that choose a member of a bond begin with.',
  ),
  rebalanceInterval: integerKey(
    'bond-rebalance-interval',
    { min: -0x8000_0000, max: 0x7fff_ffff, fallback: 10_000 },
    'Milliseconds between two looks at the load of the members of a bond, 1000 at least; 0 for never.',
  ),
  primary: textKey('bond-primary', 'text', (text) => text, 'The member that is active whenever it can be.'),
  allMembersActive: booleanKey(
    'all-members-active',
    false,
    'Takes frames for groups in by every member of a bond in mode balance-slb.',
  ),
  lbOutput: booleanKey('lb-output-action', false, 'Has the datapath choose among members.'),
  detectMode: choiceKey(
    'bond-detect-mode',
    ['carrier', 'miimon'],
    'carrier',
    'How links of members are watched.',
  ),
  miimonInterval: integerKey(
    'bond-miimon-interval',
    { min: 1, max: 0x7fff_ffff, fallback: 200 },
    'Milliseconds between two looks at a link, where nobody tells.',
  ),
  lacpSystemId: textKey('lacp-system-id', 'an Ethernet address', normalizeMac, 'System of LACP.'),
  lacpSystemPriority: rangeKey(
    'lacp-system-priority',
    { min: 1, max: 0xffff, fallback: undefined },
    'Priority of the system in LACP.',
  ),
  lacpTime: textKey(
    'lacp-time',
    'fast or slow',
    (text) => (/^(fast|slow)$/i.test(text) ? text.toLowerCase() : undefined),
    'Whether the partner is to say something each second or each half minute.',
  ),
  lacpFallback: booleanKey(
    'lacp-fallback-ab',
    false,
    'Forwards as in mode active-backup while LACP finds no partner.',
  ),
  multicastFlood: booleanKey('mcast-snooping-flood', false, 'Gets all multicast of a bridge that snoops.'),
  multicastFloodReports: booleanKey(
    'mcast-snooping-flood-reports',
    false,
    'Gets all reports of groups of a bridge that snoops.',
  ),
  qinqEthtype: choiceKey('qinq-ethtype', ['802.1ad', '802.1q'], '802.1ad', 'Tag type of dot1q-tunnel.'),
} as const;

export const interfaceKeys = {
  ...cfmKeys,
  lacpPortId: rangeKey(
    'lacp-port-id',
    { min: 1, max: 0xffff, fallback: undefined },
    'Number of the port in LACP.',
  ),
  lacpPortPriority: rangeKey(
    'lacp-port-priority',
    { min: 1, max: 0xffff, fallback: 0xffff },
    'Priority of the port in LACP.',
  ),
  lacpAggregationKey: rangeKey(
    'lacp-aggregation-key',
    { min: 0, max: 0xffff, fallback: 0 },
    'Ports of one key are aggregated; 0 for the number of the first port.',
  ),
  sendSteering: choiceKey(
    'tx-steering',
    ['thread', 'hash'],
    'thread',
    'What decides by which of its queues a port sends, where it has several.',
  ),
  queueCores: mapKey(
    'pmd-rxq-affinity',
    'QUEUE:CORE,...',
    'Which cores poll receive queues, where threads poll.',
  ),
} as const;

export const ipfixKeys = {
  enableTunnelSampling: booleanKey('enable-tunnel-sampling', true, 'Tells of the tunnels of packets.'),
  enableInputSampling: booleanKey(
    'enable-input-sampling',
    false,
    'Samples no packets as they come in; with false it does, as with the reference.',
  ),
  enableOutputSampling: booleanKey(
    'enable-output-sampling',
    false,
    'Samples no packets as they go out; with false it does, as with the reference.',
  ),
  virtualObserver: textKey('virtual_obs_id', 'a text', (text) => text, 'Who observes, as records tell it.'),
};
