/** Which tracked connections are to be forgotten, as ovs-ofctl takes it (ovs-ofctl(8), "ct-flush"). */

import { readIpv4, readIpv6 } from '../../base/addresses.ts';
import { Malformed } from '../../base/errors.ts';
import { hasName } from '../../base/literals.ts';
import { keyValues } from '../../flow/key-values.ts';
import { isIcmpProtocol } from '../../wire/ip.ts';
import { readUnsigned, wrong } from '../actions/arguments.ts';
import type { CtFlush, CtTuple } from '../messages/ct-flush.ts';

/** A tuple in the making; the second port of ICMP has the code above the type, as in the reference's memory. */
interface Draft {
  source: Uint8Array | undefined;
  destination: Uint8Array | undefined;
  sourcePort: number;
  destinationPort: number;
}

/** What both tuples share. */
interface Shared {
  protocol: number;
  family: 'ipv4' | 'ipv6' | undefined;
  /** What the reference says before a message, of things that it lets pass. */
  warnings: string;
}

/** As `readConnectionTuples`; here `why` is what ovs-ofctl says. */
export function readConnections(original: string, reply: string, zone: number | undefined): CtFlush {
  try {
    return readConnectionTuples(original, reply, zone);
  } catch (error) {
    throw error instanceof Malformed ? wrong(`Failed to parse ct-tuple: ${error.why}`) : error;
  }
}

/**
 * The tuple of the first packet and that of its answers; either may be empty. Throws Malformed, whose `why` is the
 * whole message.
 */
export function readConnectionTuples(original: string, reply: string, zone: number | undefined): CtFlush {
  const shared: Shared = { protocol: 0, family: undefined, warnings: '' };
  const drafts = [original, reply].map((text) => readTuple(text, shared));
  const [first, second] = drafts.map((draft) => tupleOf(draft, shared.protocol));
  const { protocol, family } = shared;
  return { protocol, zone, original: first ?? noTuple, reply: second ?? noTuple, isIpv4: family === 'ipv4' };
}

const noAddress = new Uint8Array(16);
const noTuple: CtTuple = { source: noAddress, destination: noAddress, sourcePort: 0, destinationPort: 0 };

function tupleOf(
  { source, destination, sourcePort, destinationPort: port }: Draft,
  protocol: number,
): CtTuple {
  return {
    source: source ?? noAddress,
    destination: destination ?? noAddress,
    sourcePort,
    destinationPort: isIcmpProtocol(protocol) ? (port >>> 8) | ((port & 0xff) << 8) : port,
  };
}

function readTuple(text: string, shared: Shared): Draft {
  const draft: Draft = { source: undefined, destination: undefined, sourcePort: 0, destinationPort: 0 };
  for (const { name, value } of keyValues(text)) {
    if (value === '') throw refused(shared, `field ${name} missing value`);
    if (!hasName(parts, name)) throw refused(shared, `invalid conntrack tuple field: ${name}`);
    parts[name](draft, value, name, shared);
  }
  if (shared.protocol === 0 && (draft.sourcePort !== 0 || draft.destinationPort !== 0))
    throw refused(shared, 'port is set without protocol');
  return draft;
}

function refused({ warnings }: Shared, why: string): Malformed {
  return wrong(`${warnings}${why}`);
}

type Part = (draft: Draft, text: string, name: string, shared: Shared) => void;

function address(which: 'source' | 'destination', family: 'ipv4' | 'ipv6'): Part {
  return (draft, text, name, shared) => {
    if (shared.family !== undefined && shared.family !== family)
      throw refused(shared, `the L3 protocol does not match ${text}`);
    if (draft[which] !== undefined) throw refused(shared, `${name} is set multiple times`);
    const bytes = readPart(name, shared, () => (family === 'ipv4' ? mapped(readIpv4(text)) : readIpv6(text)));
    shared.family = family;
    draft[which] = bytes.some((byte) => byte !== 0) ? bytes : undefined;
  };
}

function port(which: 'sourcePort' | 'destinationPort'): Part {
  return (draft, text, name, shared) => {
    draft[which] = readPart(name, shared, () => readUnsigned(text, 16, name));
  };
}

function icmp(bits: 8 | 16, set: (draft: Draft, value: number) => void): Part {
  return (draft, text, name, shared) => {
    if (!isIcmpProtocol(shared.protocol)) throw refused(shared, 'invalid L4 fields');
    set(
      draft,
      readPart(name, shared, () => readUnsigned(text, bits, name)),
    );
  };
}

const parts = {
  ct_nw_src: address('source', 'ipv4'),
  ct_nw_dst: address('destination', 'ipv4'),
  ct_ipv6_src: address('source', 'ipv6'),
  ct_ipv6_dst: address('destination', 'ipv6'),
  ct_nw_proto(_: Draft, text: string, name: string, shared: Shared): void {
    if (shared.protocol !== 0) shared.warnings += `${name} is set multiple times`;
    shared.protocol = readPart(name, shared, () => readUnsigned(text, 8, name));
  },
  ct_tp_src: port('sourcePort'),
  ct_tp_dst: port('destinationPort'),
  icmp_type: icmp(8, (draft, value) => {
    draft.destinationPort = (draft.destinationPort & 0xff00) | value;
  }),
  icmp_code: icmp(8, (draft, value) => {
    draft.destinationPort = (draft.destinationPort & 0xff) | (value << 8);
  }),
  icmp_id: icmp(16, (draft, value) => {
    draft.sourcePort = value;
  }),
} as const satisfies Record<string, Part>;

function readPart<T>(name: string, shared: Shared, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Malformed ? refused(shared, `failed to parse field ${name}`) : error;
  }
}

/** An IPv4 address as IPv6 has it. */
function mapped(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(16).fill(0xff, 10, 12);
  whole.set(bytes, 12);
  return whole;
}
