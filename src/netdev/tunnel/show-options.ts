/** Tunnels as `dpif/show` and `dpctl/show` show them: the options that are not as usual, by name. */
import { formatIp } from '../../base/addresses.ts';
import {
  type ByFlow,
  byFlow,
  defaultTtl,
  type TunnelAddress,
  type TunnelConfig,
  traitOf,
  tunnelTypes,
  usualMode,
} from './tunnel-config.ts';

export function showTunnelOptions(tunnel: TunnelConfig): ReadonlyMap<string, string> {
  const { type, remote, local, tos, ttl, dstPort, mode, egressMark } = tunnel;
  const udpPort = traitOf(type).udpPort ?? 0;
  const shown = {
    remote_ip: showAddress(remote),
    local_ip: local && showAddress(local),
    ...showKeys(tunnel),
    ttl: ttl === defaultTtl ? undefined : String(ttl),
    tos: tos === 'inherit' ? tos : tos === 0 ? undefined : `0x${tos.toString(16)}`,
    dst_port: dstPort === udpPort ? undefined : String(dstPort),
    csum: tunnel.hasChecksum ? 'true' : undefined,
    seq: tunnel.hasSequence ? 'true' : undefined,
    packet_type: mode === usualMode(tunnel) ? undefined : mode,
    df_default: tunnel.dontFragment ? undefined : 'false',
    egress_pkt_mark: egressMark === undefined ? undefined : String(egressMark),
    ...showErspan(tunnel),
  };
  return new Map(Object.entries(shown).flatMap(([key, text]) => (text === undefined ? [] : [[key, text]])));
}

type Shown = Readonly<Record<string, string | undefined>>;

function showKeys({ inKey, outKey }: TunnelConfig): Shown {
  const [in_key, out_key] = [inKey, outKey].map((key) => (key === undefined ? key : String(key)));
  return in_key === out_key ? { key: in_key } : { in_key, out_key };
}

function showErspan({ type, erspan }: TunnelConfig): Shown {
  const { version, index, direction, hardwareId } = erspan;
  if (type !== 'erspan' && type !== 'ip6erspan') return {};
  return {
    erspan_ver: String(version),
    erspan_idx: version === 1 || version === byFlow ? hexadecimal(index, version) : undefined,
    erspan_dir: version === 2 ? String(direction) : version === byFlow ? byFlow : undefined,
    erspan_hwid: version === 2 || version === byFlow ? hexadecimal(hardwareId, version) : undefined,
  };
}

function hexadecimal(value: number | ByFlow, version: number | ByFlow): string {
  return value === byFlow || version === byFlow ? byFlow : `0x${value.toString(16)}`;
}

/** The port that tunnels share in a datapath: it takes all kinds of packets. Nothing of any other port. */
export function showSharedPort(type: string, name: string): ReadonlyMap<string, string> {
  const known = tunnelTypes.find((each) => each === type);
  if (known === undefined) return new Map();
  const { portName, udpPort } = traitOf(known);
  const dstPort = udpPort === undefined ? 0 : Number(name.slice(portName.length + 1));
  const shown = new Map([['packet_type', 'ptap']]);
  if (dstPort !== 0 && dstPort !== udpPort) shown.set('dst_port', String(dstPort));
  if (known === 'erspan' || known === 'ip6erspan') shown.set('erspan_ver', '0');
  return shown;
}

/** The reference keeps IPv4 in addresses of IPv6, and shows the one of zeros as such. */
function showAddress(address: TunnelAddress | ByFlow): string {
  const text = formatAddress(address);
  return text === '0.0.0.0' ? `::ffff:${text}` : text;
}

export function formatAddress(address: TunnelAddress | ByFlow): string {
  if (address === byFlow) return address;
  return formatIp(address);
}
