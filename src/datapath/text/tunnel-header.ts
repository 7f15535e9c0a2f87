/** `tnl_push` actions as text: the headers that are put in front of a packet. */

import { formatIpv4, formatIpv6, formatMac } from '../../base/addresses.ts';
import { hexOrZero } from '../../base/numbers.ts';
import { dpPort } from '../../base/units.ts';
import { etherType } from '../../wire/ethernet.ts';
import type { GeneveOption } from '../../wire/geneve.ts';
import { greFlag } from '../../wire/gre.ts';
import { gtpuOptions } from '../../wire/gtpu.ts';
import type { DpActionOf } from '../actions.ts';
import {
  type TunnelHeader,
  type TunnelIp,
  type TunnelProtocol,
  type TunnelUdp,
  tunnelHeaderSize,
  tunnelTypeNumber,
} from '../tunnel-header.ts';
import type { TextCursor } from './cursor.ts';
import type { MemberOptions } from './member.ts';
import { formatGeneveOptions, readGeneveOptions } from './tunnel-key.ts';

const hex = (value: number): string => `0x${value.toString(16)}`;

export function formatTunnelPush(action: DpActionOf<'tnl_push'>, { portName }: MemberOptions): string {
  const { tunnelPort, header, outPort } = action;
  const nameOf = (port: number): string => portName?.(port) ?? String(port);
  return `tnl_push(tnl_port(${nameOf(tunnelPort)}),${formatHeader(header)},out_port(${nameOf(outPort)}))`;
}

function formatHeader(header: TunnelHeader): string {
  const { dst, src, type } = header.ethernet;
  const size = `size=${tunnelHeaderSize(header)},type=${tunnelTypeNumber(header)}`;
  const link = `eth(dst=${formatMac(dst)},src=${formatMac(src)},dl_type=0x${type.toString(16).padStart(4, '0')})`;
  return `header(${size},${link},${formatIp(header.ip)},${formatProtocol(header.tunnel)})`;
}

function formatIp(ip: TunnelIp): string {
  if (ip.version === 4) {
    const rest = `proto=${ip.protocol},tos=${hexOrZero(ip.tos)},ttl=${ip.ttl},frag=${hex(ip.fragment)}`;
    return `ipv4(src=${formatIpv4(ip.src)},dst=${formatIpv4(ip.dst)},${rest})`;
  }
  const rest = `label=${ip.label},proto=${ip.protocol},tclass=${hex(ip.trafficClass)},hlimit=${ip.hopLimit}`;
  return `ipv6(src=${formatIpv6(ip.src)},dst=${formatIpv6(ip.dst)},${rest})`;
}

function formatUdp({ src, dst, checksum }: TunnelUdp): string {
  return `udp(src=${src},dst=${dst},csum=${hex(checksum)})`;
}

function formatProtocol(tunnel: TunnelProtocol): string {
  switch (tunnel.type) {
    case 'vxlan':
      return `${formatUdp(tunnel.udp)},vxlan(flags=${hex(tunnel.flags)},vni=${hex(tunnel.vni)})`;
    case 'geneve': {
      const flags = (tunnel.isOam ? 'oam,' : '') + (tunnel.isCritical ? 'crit,' : '');
      const options = tunnel.options.length === 0 ? '' : `,options(${formatOptions(tunnel.options)})`;
      return `${formatUdp(tunnel.udp)},geneve(${flags}vni=${hex(tunnel.vni)}${options})`;
    }
    case 'gre': {
      const { flags, protocol, checksum, key, sequence } = tunnel;
      const part = (name: string, value?: number): string =>
        value === undefined ? '' : `,${name}=${hex(value)}`;
      const parts = part('csum', checksum) + part('key', key) + part('seq', sequence);
      return `gre((flags=${hex(flags)},proto=${hex(protocol)})${parts})`;
    }
    case 'erspan': {
      const session = `ver=${tunnel.version},sid=${hex(tunnel.sessionId)}`;
      if (tunnel.version === 1) return `erspan(${session},idx=${hex(tunnel.index)})`;
      return `erspan(${session},dir=${tunnel.direction},hwid=${hex(tunnel.hardwareId)})`;
    }
    case 'gtpu': {
      const { flags, messageType, teid } = tunnel;
      return `${formatUdp(tunnel.udp)},gtpu(flags=${hex(flags)},msgtype=${messageType},teid=${hex(teid)})`;
    }
  }
}

function formatOptions(options: readonly GeneveOption[]): string {
  const bytes = options.flatMap((option) => [
    option.class >> 8,
    option.class & 0xff,
    option.type,
    option.data.length / 4,
    ...option.data,
  ]);
  return formatGeneveOptions(Uint8Array.from(bytes), new Uint8Array(bytes.length).fill(0xff), false);
}

/** (tnl_port(PORT),header(size=..,type=..,..),out_port(PORT)); size and type must be those of the rest. */
export function readTunnelPush(cursor: TextCursor): DpActionOf<'tnl_push'> {
  cursor.expect('(tnl_port(');
  const tunnelPort = dpPort(cursor.number(32));
  cursor.expect('),header(size=');
  const size = cursor.number(32);
  cursor.expect(',type=');
  const type = cursor.number(32);
  cursor.expect(',');
  const header = withNumbers(readHeader(cursor), size);
  if (size !== tunnelHeaderSize(header))
    throw cursor.wrong(`the headers have ${tunnelHeaderSize(header)} bytes, not ${size}`);
  if (type !== tunnelTypeNumber(header))
    throw cursor.wrong(`the tunnel is of type ${tunnelTypeNumber(header)}, not ${type}`);
  cursor.expect('),out_port(');
  const outPort = dpPort(cursor.number(32));
  cursor.expect('))');
  return { do: 'tnl_push', tunnelPort, header, outPort };
}

/** Only the size tells whether GTP-U numbers its packets. */
function withNumbers(header: TunnelHeader, size: number): TunnelHeader {
  const { tunnel } = header;
  if (tunnel.type !== 'gtpu' || size !== tunnelHeaderSize(header) + gtpuOptions.size) return header;
  return { ...header, tunnel: { ...tunnel, hasSequence: true } };
}

function readHeader(cursor: TextCursor): TunnelHeader {
  cursor.expect('eth(dst=');
  const dst = cursor.mac();
  cursor.expect(',src=');
  const src = cursor.mac();
  cursor.expect(',dl_type=0x');
  const type = cursor.number(16, 'hexadecimal');
  cursor.expect('),');
  const ip = type === etherType.ipv4 ? readIp4(cursor) : readIp6(cursor);
  cursor.expect(',');
  return { ethernet: { dst, src, type }, ip, tunnel: readProtocol(cursor) };
}

function readIp4(cursor: TextCursor): TunnelIp {
  cursor.expect('ipv4(src=');
  const src = cursor.ipv4();
  cursor.expect(',dst=');
  const dst = cursor.ipv4();
  cursor.expect(',proto=');
  const protocol = cursor.number(8);
  cursor.expect(',tos=');
  const tos = cursor.number(8);
  cursor.expect(',ttl=');
  const ttl = cursor.number(8);
  cursor.expect(',frag=0x');
  const fragment = cursor.number(16, 'hexadecimal');
  cursor.expect(')');
  return { version: 4, src, dst, protocol, tos, ttl, fragment };
}

function readIp6(cursor: TextCursor): TunnelIp {
  cursor.expect('ipv6(src=');
  const src = cursor.ipv6();
  cursor.expect(',dst=');
  const dst = cursor.ipv6();
  cursor.expect(',label=');
  const label = cursor.number(20);
  cursor.expect(',proto=');
  const protocol = cursor.number(8);
  cursor.expect(',tclass=0x');
  const trafficClass = cursor.number(8, 'hexadecimal');
  cursor.expect(',hlimit=');
  const hopLimit = cursor.number(8);
  cursor.expect(')');
  return { version: 6, src, dst, label, protocol, trafficClass, hopLimit };
}

function readProtocol(cursor: TextCursor): TunnelProtocol {
  if (cursor.take('gre((')) return readGre(cursor);
  if (cursor.take('erspan(')) return readErspan(cursor);
  cursor.expect('udp(src=');
  const src = cursor.number(16);
  cursor.expect(',dst=');
  const dst = cursor.number(16);
  cursor.expect(',csum=0x');
  const udp = { src, dst, checksum: cursor.number(16, 'hexadecimal') };
  cursor.expect('),');
  if (cursor.take('vxlan(flags=0x')) {
    const flags = cursor.number(32, 'hexadecimal');
    cursor.expect(',vni=0x');
    const vni = cursor.number(24, 'hexadecimal');
    cursor.expect(')');
    return { type: 'vxlan', udp, flags, vni };
  }
  if (cursor.take('geneve(')) return readGeneve(cursor, udp);
  cursor.expect('gtpu(flags=');
  const flags = cursor.number(8);
  cursor.expect(',msgtype=');
  const messageType = cursor.number(8);
  cursor.expect(',teid=0x');
  const teid = cursor.number(32, 'hexadecimal');
  cursor.expect(')');
  return { type: 'gtpu', udp, flags, messageType, teid };
}

function readGeneve(cursor: TextCursor, udp: TunnelUdp): TunnelProtocol {
  const isOam = cursor.take('oam,');
  const isCritical = cursor.take('crit,');
  cursor.expect('vni=');
  const vni = cursor.number(24);
  const options: GeneveOption[] = [];
  if (cursor.take(',options(')) {
    const { value } = readGeneveOptions(cursor);
    for (let at = 0; at < value.length; ) {
      const [high = 0, low = 0, type = 0, words = 0] = value.slice(at, at + 4);
      options.push({ class: (high << 8) | low, type, data: value.slice(at + 4, at + 4 + 4 * words) });
      at += 4 + 4 * words;
    }
    cursor.expect(')');
  }
  cursor.expect(')');
  return { type: 'geneve', udp, isOam, isCritical, vni, options };
}

function readGre(cursor: TextCursor): TunnelProtocol {
  cursor.expect('flags=0x');
  const flags = cursor.number(16, 'hexadecimal');
  cursor.expect(',proto=0x');
  const protocol = cursor.number(16, 'hexadecimal');
  cursor.expect(')');
  const part = (bit: number, name: string, bits: number): number | undefined => {
    if ((flags & bit) === 0) return undefined;
    cursor.expect(`,${name}=0x`);
    return cursor.number(bits, 'hexadecimal');
  };
  const checksum = part(greFlag.checksum, 'csum', 16);
  const key = part(greFlag.key, 'key', 32);
  const sequence = part(greFlag.sequence, 'seq', 32);
  cursor.expect(')');
  return {
    type: 'gre',
    flags,
    protocol,
    ...(checksum === undefined ? {} : { checksum }),
    ...(key === undefined ? {} : { key }),
    ...(sequence === undefined ? {} : { sequence }),
  };
}

function readErspan(cursor: TextCursor): TunnelProtocol {
  cursor.expect('ver=');
  const version = cursor.number(8);
  cursor.expect(',sid=0x');
  const sessionId = cursor.number(10, 'hexadecimal');
  if (version === 1) {
    cursor.expect(',idx=0x');
    const index = cursor.number(32, 'hexadecimal');
    cursor.expect(')');
    return { type: 'erspan', version: 1, sessionId, index };
  }
  if (version !== 2) throw cursor.wrong('erspan is of version 1 or 2');
  cursor.expect(',dir=');
  const direction = cursor.number(1, 'decimal');
  cursor.expect(',hwid=0x');
  const hardwareId = cursor.number(6, 'hexadecimal');
  cursor.expect(')');
  return { type: 'erspan', version: 2, sessionId, direction, hardwareId };
}
