/** The options of a tunnel, as an operator writes them: ovs-vswitchd.conf.db(5), "Tunnel Options". */
import { readIpv4, readIpv6 } from '../../base/addresses.ts';
import { Malformed, Refused } from '../../base/errors.ts';
import { orderAsHashed } from '../../base/hash-order.ts';
import { logger } from '../../base/log.ts';
import { leadingNumber } from '../../base/numbers.ts';
import { serviceBits } from '../../wire/ip.ts';
import {
  type ByFlow,
  byFlow,
  carries,
  defaultTtl,
  type TunnelAddress,
  type TunnelConfig,
  type TunnelType,
  traitOf,
  usualMode,
  type VxlanExtension,
} from './tunnel-config.ts';

const log = logger('netdev_vport');
const socketLog = logger('socket_util');

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A tunnel of which some options were read; `remote` may not be among them. */
type Draft = Writable<Omit<TunnelConfig, 'remote' | 'erspan'>> & {
  remote: TunnelConfig['remote'] | undefined;
  erspan: Writable<TunnelConfig['erspan']>;
};

/** Reading the options of one tunnel. What is wrong with some of them is told, and the rest holds. */
class Reading {
  readonly name: string;
  readonly draft: Draft;
  readonly #complaints: string[] = [];

  constructor(name: string, type: TunnelType) {
    this.name = name;
    this.draft = newDraft(type);
  }

  get type(): TunnelType {
    return this.draft.type;
  }

  complain(what: string): void {
    this.#complaints.push(`${this.name}: ${what}`);
  }

  /** No tunnel can be made of them. */
  fail(what?: string, tag = 'EINVAL'): never {
    if (what !== undefined) this.complain(what);
    this.tell();
    const all = this.#complaints.join('\n');
    throw new Refused(tag, all === '' ? `${this.name}: could not set configuration (Invalid argument)` : all);
  }

  tell(): void {
    if (this.#complaints.length > 0) log.warn(this.#complaints.join('\n'));
  }
}

function newDraft(type: TunnelType): Draft {
  return {
    type,
    remote: undefined,
    local: undefined,
    inKey: undefined,
    outKey: undefined,
    dstPort: traitOf(type).udpPort ?? 0,
    tos: 0,
    ttl: defaultTtl,
    dontFragment: true,
    hasChecksum: false,
    hasSequence: false,
    mode: 'legacy_l2',
    extensions: new Set(),
    egressMark: undefined,
    erspan: { version: 0, index: 0, direction: 0, hardwareId: 0 },
  };
}

interface Option {
  /** Unless given, every tunnel has it. */
  readonly isOf?: (type: TunnelType) => boolean;
  readonly read: (reading: Reading, text: string) => void;
}

/** Read after the others, since it depends on them, or is no concern of the switch. */
const readElsewhere: Option = { read: () => {} };

const tunnelOptions: Readonly<Record<string, Option>> = {
  remote_ip: {
    read(reading, text) {
      reading.draft.remote = readAddress(reading, 'remote_ip', text);
      if (isMulticast(reading.draft.remote)) reading.fail(`multicast remote_ip=${text} not allowed`);
    },
  },
  local_ip: {
    read(reading, text) {
      reading.draft.local = readAddress(reading, 'local_ip', text);
    },
  },
  tos: {
    read(reading, text) {
      const { value, rest } = leadingNumber(text, 'any');
      const tos = Number(BigInt.asIntN(32, value));
      if (text === 'inherit') reading.draft.tos = text;
      else if (rest === '' && (tos & serviceBits.dscp) === tos) reading.draft.tos = tos;
      else reading.complain(`invalid TOS ${text}`);
    },
  },
  ttl: {
    read({ draft }, text) {
      draft.ttl = text === 'inherit' ? text : numberOf(text, 8) || defaultTtl;
    },
  },
  dst_port: {
    isOf: (type) => traitOf(type).udpPort !== undefined,
    read({ draft }, text) {
      draft.dstPort = numberOf(text, 16);
    },
  },
  csum: {
    isOf: (type) => traitOf(type).hasChecksum,
    read({ draft }, text) {
      draft.hasChecksum = text === 'true';
    },
  },
  seq: {
    isOf: (type) => traitOf(type).hasSequence,
    read({ draft }, text) {
      draft.hasSequence = text === 'true';
    },
  },
  df_default: {
    read({ draft }, text) {
      draft.dontFragment = text !== 'false';
    },
  },
  exts: {
    isOf: (type) => type === 'vxlan',
    read(reading, text) {
      const names = text.split(',').filter((name) => name !== '');
      for (const name of names) if (!isExtension(name)) reading.complain(`unknown extension '${name}'`);
      reading.draft.extensions = new Set(names.filter(isExtension));
    },
  },
  egress_pkt_mark: {
    read({ draft }, text) {
      draft.egressMark = numberOf(text, 32);
    },
  },
  erspan_ver: {
    read(reading, text) {
      const { erspan } = reading.draft;
      erspan.version = text === byFlow ? text : numberOf(text, 8);
      if (erspan.version === byFlow)
        Object.assign(erspan, { index: byFlow, direction: byFlow, hardwareId: byFlow });
      else if (erspan.version !== 1 && erspan.version !== 2) reading.fail(`invalid erspan version: ${text}`);
    },
  },
  erspan_idx: {
    read(reading, text) {
      const index = text === byFlow ? text : numberOf(text, 32, 16);
      if (index !== byFlow && index > largestErspanIndex) reading.fail(`invalid erspan index: ${text}`);
      reading.draft.erspan.index = index;
    },
  },
  erspan_dir: {
    read(reading, text) {
      const direction = text === byFlow ? text : numberOf(text, 8);
      if (direction !== byFlow && direction > 1) reading.fail(`invalid erspan direction: ${text}`);
      reading.draft.erspan.direction = direction;
    },
  },
  erspan_hwid: {
    read(reading, text) {
      const id = text === byFlow ? text : numberOf(text, 8, 16);
      if (id !== byFlow && id > largestHardwareId) reading.fail(`invalid erspan hardware ID: ${text}`);
      reading.draft.erspan.hardwareId = id;
    },
  },
  // What a bare UDP tunnel carries is told to the kernel, which is given no such device here.
  payload_type: {
    read(reading, text) {
      if (text !== 'mpls' && text !== 'ip' && !isUint16(text)) reading.fail();
    },
  },
  key: readElsewhere,
  in_key: readElsewhere,
  out_key: readElsewhere,
  packet_type: readElsewhere,
  // For the program that encrypts tunnels, which reads them itself.
  remote_cert: readElsewhere,
  remote_name: readElsewhere,
  psk: readElsewhere,
};

const largestErspanIndex = 0xfffff;
const largestHardwareId = 0x3f;

/**
 * Tells of options that are no good, and goes on without them. `isOtherwiseGrouped` says whether tunnels of the same
 * UDP port differ in having a group policy. Throws Refused.
 */
export function readTunnelOptions(
  type: TunnelType,
  name: string,
  options: ReadonlyMap<string, string>,
  isOtherwiseGrouped: (tunnel: TunnelConfig) => boolean,
): TunnelConfig {
  const reading = new Reading(name, type);
  for (const [key, text] of orderAsHashed([...options], ([each]) => each)) {
    const option = Object.hasOwn(tunnelOptions, key) ? tunnelOptions[key] : undefined;
    if (option === undefined || option.isOf?.(type) === false)
      reading.complain(`unknown ${type} argument '${key}'`);
    else option.read(reading, text);
  }
  readMode(reading, options.get('packet_type'));
  const tunnel = checkEnds(reading);
  if (isOtherwiseGrouped(tunnel))
    reading.fail("VXLAN-GBP, and non-VXLAN-GBP tunnels can't be configured on the same dst_port", 'EEXIST');
  reading.tell();
  return {
    ...tunnel,
    inKey: keyOf(options.get('in_key') ?? options.get('key')),
    outKey: keyOf(options.get('out_key') ?? options.get('key')),
  };
}

function readMode(reading: Reading, text: string | undefined): void {
  const { draft, type } = reading;
  const usual = usualMode({ ...draft, remote: byFlow });
  const carried = carries({ ...draft, remote: byFlow });
  const extended = draft.extensions.has('gpe') ? 'VXLAN-GPE' : 'VXLAN (without GPE)';
  const shownType = type === 'vxlan' ? extended : type;
  const needs = (layer: 'L2' | 'L3'): void => {
    if (!carried.includes(layer))
      reading.fail(`${text} configured on ${shownType} tunnel that cannot carry ${layer} traffic`);
  };
  if (text === 'legacy_l2') needs('L2');
  else if (text === 'legacy_l3') needs('L3');
  else if (text !== 'ptap' && text !== undefined) reading.fail(`unknown packet_type '${text}'`);
  draft.mode = text ?? usual;
}

function checkEnds(reading: Reading): TunnelConfig {
  const { draft, type } = reading;
  const { remote, local } = draft;
  if (remote === undefined || isUnspecified(remote))
    return reading.fail(`${type} type requires valid 'remote_ip' argument`);
  if (local === byFlow && remote !== byFlow)
    reading.fail(`${type} type requires 'remote_ip=flow' with 'local_ip=flow'`);
  if (local !== undefined && local !== byFlow && remote !== byFlow && local.length !== remote.length)
    reading.fail("'remote_ip' and 'local_ip' has to be of the same address family");
  return { ...draft, remote, local: local !== undefined && isUnspecified(local) ? undefined : local };
}

function readAddress(reading: Reading, option: string, text: string): TunnelAddress | ByFlow | undefined {
  if (text === byFlow) return text;
  const isIpv6 = text.includes(':');
  try {
    return isIpv6 ? readIpv6(text) : readIpv4(text);
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    socketLog.err(`"${text}" is not a valid ${isIpv6 ? 'IPv6' : 'IP'} address`);
    reading.complain(`bad ${reading.type} '${option}'`);
    return undefined;
  }
}

function isMulticast(address: TunnelAddress | ByFlow | undefined): boolean {
  if (address === undefined || address === byFlow) return false;
  const [first = 0] = address;
  return address.length === 4 ? first >> 4 === 0xe : first === 0xff;
}

/** Only of IPv6 that says nothing. */
function isUnspecified(address: TunnelAddress | ByFlow): boolean {
  return address !== byFlow && address.length === 16 && address.every((byte) => byte === 0);
}

function isExtension(name: string): name is VxlanExtension {
  return name === 'gbp' || name === 'gpe';
}

function keyOf(text: string | undefined): bigint | ByFlow | undefined {
  if (text === undefined || text === byFlow) return text;
  return BigInt.asUintN(64, leadingNumber(text, 'any').value);
}

/** What a text begins with, cut to so many bits; 0 for anything else. */
function numberOf(text: string, bits: number, base: 10 | 16 = 10): number {
  return Number(BigInt.asUintN(bits, leadingNumber(text, base).value));
}

function isUint16(text: string): boolean {
  const { value, rest } = leadingNumber(text, 'any');
  return text !== '' && rest === '' && value >= 0n && value <= 0xffffn;
}
