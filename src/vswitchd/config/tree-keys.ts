/** Keys about spanning trees in `other_config` of Bridge and Port: ovs-vswitchd.conf.db(5). */
import { booleanKey, type Key, rangeKey, textKey } from './keys.ts';
import { normalizeMac } from './mac.ts';

const any = Number.MAX_SAFE_INTEGER;
const count = (name: string, fallback: number, doc: string): Key<number> =>
  rangeKey(name, { min: 0, max: any, fallback }, doc);

export const treeBridgeKeys = {
  stpSystemId: textKey('stp-system-id', 'an Ethernet address', normalizeMac, 'Address of the bridge in STP.'),
  stpPriority: count('stp-priority', 0x8000, 'Priority in STP: the lowest is to be the root.'),
  // The reference takes it as milliseconds, whatever the manual says of it.
  stpHelloTime: count('stp-hello-time', 2000, 'Milliseconds between two BPDUs of STP.'),
  stpMaxAge: count('stp-max-age', 20, 'Seconds that what STP hears is believed.'),
  stpForwardDelay: count('stp-forward-delay', 15, 'Seconds that ports listen, and that they learn.'),
  rstpAddress: textKey('rstp-address', 'an Ethernet address', normalizeMac, 'Address of the bridge in RSTP.'),
  rstpPriority: count('rstp-priority', 0x8000, 'Priority in RSTP, in steps of 4096.'),
  rstpAgeingTime: count('rstp-ageing-time', 300, 'Accepted and without effect, as with the reference.'),
  rstpForceProtocolVersion: count('rstp-force-protocol-version', 2, '0 to speak as STP does; 2 for RSTP.'),
  rstpMaxAge: count('rstp-max-age', 20, 'Seconds that what RSTP hears is believed.'),
  rstpForwardDelay: count('rstp-forward-delay', 15, 'Seconds that ports wait where no neighbour agrees.'),
  rstpTransmitHoldCount: count('rstp-transmit-hold-count', 6, 'BPDUs a second at most, and per port.'),
} as const;

export const treePortKeys = {
  stpEnable: booleanKey('stp-enable', true, 'Takes part in STP.'),
  stpPortNum: numberKey('stp-port-num', 'Number of the port in STP: 1 to 255.'),
  stpPortPriority: numberKey('stp-port-priority', 'Priority of the port in STP: 0 to 255.'),
  stpPathCost: numberKey('stp-path-cost', 'Cost of the link in STP.'),
  rstpEnable: booleanKey('rstp-enable', true, 'Takes part in RSTP.'),
  rstpPortNum: numberKey('rstp-port-num', 'Number of the port in RSTP: 1 to 4095.'),
  rstpPortPriority: numberKey('rstp-port-priority', 'Priority of the port in RSTP, in steps of 16.'),
  rstpPathCost: numberKey('rstp-path-cost', 'Cost of the link in RSTP.'),
  rstpPortAdminEdge: booleanKey('rstp-port-admin-edge', false, 'No bridge is behind the port.'),
  rstpPortAutoEdge: booleanKey('rstp-port-auto-edge', true, 'Finds out whether a bridge is behind the port.'),
  rstpPortMcheck: booleanKey('rstp-port-mcheck', false, 'Tries whether an STP neighbour speaks RSTP by now.'),
  rstpAdminP2pMac: count(
    'rstp-admin-p2p-mac',
    1,
    '1 where two bridges at most are on the link, 0 where more are.',
  ),
  rstpAdminPortState: booleanKey('rstp-admin-port-state', true, 'Whether RSTP uses the port.'),
} as const;

/** Decimal, or hexadecimal behind 0x; what is no number counts as 0. */
function numberKey(name: string, doc: string): Key<number | undefined> {
  return {
    name,
    doc,
    fallback: undefined,
    wants: 'a number',
    read(text) {
      const number = /^\s*(0x[0-9a-f]+|\d+)/i.exec(text)?.[1];
      return number === undefined ? 0 : Number(number);
    },
  };
}
