/** Keys by which an Interface row asks for its link to be monitored: ovs-vswitchd.conf.db(5). */
import { ipv4Number } from '../../base/addresses.ts';
import { booleanKey, integerKey, type Key, rangeKey, textKey } from './keys.ts';
import { normalizeMac } from './mac.ts';

const mostMilliseconds = 0x7fff_ffff;

const macKey = (name: string, doc: string): Key<string | undefined> =>
  textKey(name, 'an Ethernet address', normalizeMac, doc);

const ipv4Key = (name: string, doc: string): Key<string | undefined> =>
  textKey(name, 'an IPv4 address', (text) => (ipv4Number(text) < 0 ? undefined : text), doc);

/** Of column `bfd`. */
export const bfdKeys = {
  isEnabled: booleanKey('enable', false, 'Monitors the link by BFD.'),
  multiplier: rangeKey(
    'mult',
    { min: 1, max: 255, fallback: 3 },
    'Control packets after which one is missed.',
  ),
  minTx: integerKey(
    'min_tx',
    { min: 1, max: mostMilliseconds, fallback: 100 },
    'Least milliseconds between control packets that are sent.',
  ),
  minRx: integerKey(
    'min_rx',
    { min: 1, max: mostMilliseconds, fallback: 1000 },
    'Least milliseconds between control packets that come.',
  ),
  decayMinRx: integerKey(
    'decay_min_rx',
    { min: 0, max: mostMilliseconds, fallback: 0 },
    'The same while hardly any other packets come; 0 for no difference.',
  ),
  forwardsIfReceiving: booleanKey('forwarding_if_rx', false, 'Trusts a link by which other packets come.'),
  isPathDown: booleanKey('cpath_down', false, 'Tells the other end that the path behind this one is down.'),
  checksTunnelKey: booleanKey('check_tnl_key', false, 'Takes control packets in under tunnel key 0 only.'),
  isOam: booleanKey('oam', false, 'Marks control packets in tunnels as operation and maintenance.'),
  localSource: macKey('bfd_local_src_mac', 'Source address of control packets.'),
  localDestination: macKey('bfd_local_dst_mac', 'Destination address of control packets.'),
  remoteDestination: macKey('bfd_remote_dst_mac', 'Destination address of control packets that come.'),
  source: ipv4Key('bfd_src_ip', 'IPv4 source address of control packets.'),
  destination: ipv4Key('bfd_dst_ip', 'IPv4 destination address of control packets.'),
} as const;

/** Of column `other_config`. */
export const cfmKeys = {
  cfmInterval: integerKey(
    'cfm_interval',
    { min: -0x8000_0000, max: mostMilliseconds, fallback: 1000, isZeroUnset: true },
    'Milliseconds between two continuity checks.',
  ),
  cfmExtended: booleanKey('cfm_extended', false, 'Speaks the extended form of CFM.'),
  cfmDemand: booleanKey('cfm_demand', false, 'Forgives missing checks while other packets come.'),
  cfmOpstate: textKey(
    'cfm_opstate',
    'text',
    (text) => text,
    'Whether others are told that it is up or down.',
  ),
  cfmVlan: textKey(
    'cfm_ccm_vlan',
    '"random" or a VLAN',
    (text) => (/^(random|\s*[-+]?\d+.*)$/is.test(text) ? text : undefined),
    'VLAN of continuity checks.',
  ),
  cfmPriority: integerKey(
    'cfm_ccm_pcp',
    { min: -0x8000_0000, max: mostMilliseconds, fallback: 0 },
    'Priority of continuity checks.',
  ),
} as const;
