/** `ofproto/trace` and `ofproto/trace-packet-out`: which packet is meant, and where it comes in. */
import { Malformed, Refused } from '../../base/errors.ts';
import { readHexBytes } from '../../base/hex-dump.ts';
import { type OfPort, ofPort } from '../../base/units.ts';
import { type Command, type CommandOutput, defineCommand } from '../../daemon/unixctl.ts';
import { readKey, setBareType } from '../../datapath/text/key.ts';
import { composeFrame } from '../../flow/compose.ts';
import { extractKey } from '../../flow/extract.ts';
import { ctStateNames } from '../../flow/fields/flags.ts';
import { getSlot, setSlot } from '../../flow/key.ts';
import { packMatch, unpackKey } from '../../flow/match.ts';
import { readPacket } from '../../flow/match-text.ts';
import { isTunnelled } from '../../flow/packet-mask.ts';
import type { Backer } from '../../ofproto/backer.ts';
import type { Ofproto } from '../../ofproto/ofproto.ts';
import { cameBack, type FrozenState } from '../../ofproto/translate/freezing/frozen-states.ts';
import { limitTags } from '../../ofproto/translate/vlan-tags.ts';
import { withPlacedOptions } from '../../ofproto/tunnels/geneve-options.ts';
import {
  formatTraceReport,
  type TraceReport,
  type TraceRequest,
  traceOf,
} from '../../ofproto/views/trace.ts';
import { readActionText } from '../../openflow/action-codec.ts';
import { checkActions } from '../../openflow/action-rules.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { portText, reservedPorts } from '../../openflow/ports.ts';
import { ethernet, etherType } from '../../wire/ethernet.ts';
import { Frame } from '../../wire/frame.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';

const where = '{[dp_name] odp_flow | bridge br_flow} [OPTIONS...]';

export function traceCommands(aSwitch: Switch): Command[] {
  return [
    defineCommand({
      name: 'ofproto/trace',
      usage: `${where} [-generate|packet]`,
      minArgs: 1,
      maxArgs: Number.POSITIVE_INFINITY,
      run: (args) => answer(traceReport(aSwitch, args)),
    }),
    defineCommand({
      name: 'ofproto/trace-packet-out',
      usage: `[-consistent] ${where} [-generate|packet] actions`,
      minArgs: 2,
      maxArgs: Number.POSITIVE_INFINITY,
      run(args) {
        const actions = readActions(args.at(-1) ?? '');
        const others = args.slice(0, -1).filter((arg) => !/^--?consistent$/.test(arg));
        const request = readRequest(aSwitch, others);
        refuseInconsistent(actions, request.key);
        // Without any, the reference looks into the tables.
        return answer(traceOf(actions.length === 0 ? request : { ...request, actions }));
      },
    }),
  ];
}

/** What `ofproto/trace` tells, given its arguments. Throws Refused. */
export function traceReport(aSwitch: Switch, args: readonly string[]): TraceReport {
  return traceOf(readRequest(aSwitch, args));
}

function answer(report: TraceReport): CommandOutput {
  return { text: formatTraceReport(report), json: asJson(report) };
}

function readActions(text: string): ReturnType<typeof readActionText> {
  try {
    return readActionText(text, { ports: portText });
  } catch (why) {
    throw why instanceof Malformed ? refused(why.why) : why;
  }
}

/** Throws Refused for actions that the packet is none for. */
function refuseInconsistent(actions: ReturnType<typeof readActions>, key: Uint32Array): void {
  const packet = packMatch(key, new Uint32Array(key.length).fill(0xffffffff));
  const error = checkActions(actions, packet, { version: 1, table: 0 });
  if (error !== undefined)
    throw refused(`Bad actions: ${error === 'inconsistent' ? 'OFPBAC_MATCH_INCONSISTENT' : error}`);
}

interface Arguments {
  /** Those that are no options. */
  readonly words: readonly string[];
  readonly generates: boolean;
  readonly isNamed: boolean;
  /** What connection tracking is to say. */
  readonly states: number[];
  /** What a packet that is made up carries; undefined for the usual bytes. */
  payload: Uint8Array | undefined;
}

type ValueOption = (value: string, given: Pick<Arguments, 'states' | 'payload'>) => void;

/** Options that take a value. */
const valueOptions: ReadonlyMap<string, ValueOption> = new Map<string, ValueOption>([
  ['--l7', (value, given) => (given.payload = readPayload(value))],
  ['--l7-len', (value, given) => (given.payload = payloadOfSize(value))],
  ['--ct-next', (value, { states }) => states.push(readConnectionState(value))],
]);

function readArguments(args: readonly string[]): Arguments {
  const words: string[] = [];
  let generates = false;
  let isNamed = false;
  const given: Pick<Arguments, 'states' | 'payload'> = { states: [], payload: undefined };
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    const check = valueOptions.get(arg);
    if (/^--?generate$/.test(arg)) generates = true;
    else if (/^--?names$/.test(arg)) isNamed = true;
    else if (check !== undefined) {
      const value = queue.shift();
      if (value === undefined) throw refused(`Missing argument for option ${arg}`);
      check(value, given);
    } else if (arg.startsWith('-')) throw refused(`${arg}: unknown option`);
    else if (words.push(arg) > 3) throw refused('too many arguments');
  }
  return { words, generates, isNamed, ...given };
}

function readPayload(text: string): Uint8Array {
  if (!/^\s*([0-9a-f]{2}\s*)*$/i.test(text)) throw refused('Trailing garbage in packet data');
  return Buffer.from(text.replace(/\s/g, ''), 'hex');
}

/** Bytes that count from 0. */
function payloadOfSize(text: string): Uint8Array {
  const size = Number.parseInt(text, 10);
  if (size > 64_000) throw refused(`${text}: too much L7 data`);
  return Uint8Array.from({ length: Math.max(0, size || 0) }, (_, n) => n);
}

function readConnectionState(text: string): number {
  const names = text.split(/[, ]+/).filter((name) => name !== '');
  const known = ctStateNames.names.filter((name) => names.includes(name));
  const unknown = names.find((name) => !ctStateNames.names.includes(name));
  if (unknown !== undefined) throw refused(`${unknown}: unknown connection tracking state flag`);
  const wrong = (why: string): Refused => refused(`${known.join('|')}: invalid connection state: ${why}\n`);
  if (names.length > 0 && !names.includes('trk')) throw wrong('If "trk" is unset, no other flags are set');
  if (names.includes('inv') && names.some((name) => name !== 'trk' && name !== 'inv'))
    throw wrong('when "inv" is set, only "trk" may also be set');
  for (const other of ['est', 'rpl']) {
    if (names.includes('new') && names.includes(other))
      throw wrong(`"new" and "${other === 'rpl' ? 'rpy' : other}" are mutually exclusive`);
  }
  return ctStateNames.names.reduce((bits, name, bit) => (names.includes(name) ? bits | (1 << bit) : bits), 0);
}

function readRequest(aSwitch: Switch, args: readonly string[]): TraceRequest {
  const { words, generates, isNamed, states, payload } = readArguments(args);
  const rest = [...words];
  const bytes = generates ? undefined : takeFrame(rest);
  const [first = '', second] = rest;
  if (rest.length === 0 || rest.length > 2) throw refused('Syntax error');
  const place = findPlace(aSwitch, second === undefined ? undefined : first, second ?? first);
  const { key, backer } = place;
  if (bytes !== undefined) extractInto(key, bytes, backer);
  const frame = generates ? composeFrame(key, payload) : bytes;
  const packet = { hasPacket: frame !== undefined, ...(frame && { packet: frame }) };
  return { ...place, ...packet, isNamed, connectionStates: states };
}

/** The packet, which must be the last of three arguments and may be that of two. */
function takeFrame(words: string[]): Uint8Array | undefined {
  if (words.length < 2) return undefined;
  const bytes = readHexBytes(words.at(-1) ?? '');
  if (bytes !== undefined && bytes.length >= ethernet.size) {
    words.pop();
    return bytes;
  }
  if (words.length > 2)
    throw refused(
      bytes === undefined ? 'Trailing garbage in packet data' : 'Packet data too short for Ethernet',
    );
  return undefined;
}

interface PacketPlace {
  readonly backer: Backer;
  readonly ofproto: Ofproto;
  readonly inPort: OfPort;
  readonly key: Uint32Array;
  readonly state?: FrozenState;
}

/** Text is tried as a datapath's flow first. */
function findPlace(aSwitch: Switch, name: string | undefined, text: string): PacketPlace {
  const backer = findBacker(aSwitch, name);
  const read = readDatapathFlow(text, backer);
  if (typeof read !== 'string') {
    if (backer === undefined) throw refused('Cannot find the datapath');
    return placeOfPort(backer, read);
  }
  if (name === undefined) throw refused(`${read} (or the bridge name was omitted)`);
  return placeInBridge(aSwitch, name, text);
}

/** Without a name, the only one there is. */
function findBacker(aSwitch: Switch, name: string | undefined): Backer | undefined {
  if (name !== undefined) return aSwitch.backers.get(name.replace(/^ovs-/, ''));
  const [only, ...others] = aSwitch.backers.values();
  return others.length === 0 ? only : undefined;
}

/** A key, or what is wrong with the text. */
function readDatapathFlow(text: string, backer: Backer | undefined): Uint32Array | string {
  const ports = new Map([...(backer?.datapath.ports() ?? [])].map(([number, { name }]) => [name, number]));
  try {
    const read = readKey(text, (name) => ports.get(name));
    setBareType(text, read);
    const { key, mask } = read;
    if (getSlot(key, 'eth_type') === 0) setSlot(key, 'eth_type', etherType.none);
    if (getSlot(mask, 'in_port') === 0) setSlot(key, 'in_port', 0xffffffff);
    if (backer !== undefined) limitTags(key, backer.tagLimit);
    return key;
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    return `syntax error at ${text.slice(why.at)}`;
  }
}

function placeOfPort(backer: Backer, key: Uint32Array): PacketPlace {
  if (getSlot(key, 'recirc_id') !== 0) {
    const place = placeOfState(backer, key);
    return { ...place, key: placed(key, place.ofproto) };
  }
  const found = backer.ports.inputOf(key);
  if (found === undefined && isTunnelled(key)) throw refused('no OpenFlow tunnel port for this packet');
  const number = getSlot(key, 'in_port') >>> 0;
  if (found === undefined) throw refused(`no OpenFlow port for datapath port ${number}`);
  const { ofproto, port } = found;
  return { backer, key: placed(key, ofproto), ofproto, inPort: port.ofPort };
}

/** The datapath had sent the packet back, which goes on where it was. */
function placeOfState(backer: Backer, key: Uint32Array): PacketPlace {
  const found = cameBack(key, undefined, backer.frozen);
  const id = getSlot(key, 'recirc_id') >>> 0;
  if (found === undefined) throw refused(`no recirculation data for recirc_id 0x${id.toString(16)}`);
  return { backer, key, ...found };
}

/** With the tunnel's options where the bridge has them. */
function placed(key: Uint32Array, { tlvTable }: Ofproto): Uint32Array {
  const found = withPlacedOptions(key, tlvTable);
  if (found === undefined) throw refused('Failed to parse Geneve options');
  return found;
}

function placeInBridge(aSwitch: Switch, name: string, text: string): PacketPlace {
  for (const backer of aSwitch.backers.values()) {
    const ofproto = backer.bridges.get(name);
    if (ofproto === undefined) continue;
    const key = readBridgeFlow(text, ofproto);
    if (getSlot(key, 'recirc_id') !== 0) return placeOfState(backer, key);
    return { backer, ofproto, inPort: ofPort(getSlot(key, 'in_port')), key };
  }
  throw refused(`${name}: unknown bridge`);
}

function readBridgeFlow(text: string, { portText: ports, tlvTable }: Ofproto): Uint32Array {
  try {
    const packet = readPacket(text, ports);
    const hasOptions = packet.match.options !== undefined;
    const key = hasOptions ? unpackKey(tlvTable.resolve(packet.match, 'passed over')) : packet.key;
    if (getSlot(key, 'in_port') === 0) setSlot(key, 'in_port', reservedPorts.ANY);
    return key;
  } catch (why) {
    const isWrong = why instanceof Malformed || why instanceof OpenFlowError;
    throw isWrong ? refused(`Bad openflow flow syntax: ${why.why}`) : why;
  }
}

/** The packet's headers take the place of those that the flow says; its metadata stays. */
function extractInto(key: Uint32Array, bytes: Uint8Array, { tagLimit }: Backer): void {
  const frame = new Frame(bytes);
  frame.end = bytes.length;
  frame.inPort = getSlot(key, 'in_port');
  extractKey(frame, key, tagLimit, getSlot(key, 'packet_type'));
}

function refused(why: string): Refused {
  return new Refused('trace', why);
}
