/** Connection tracking: Nicira's ct, and the nat inside of it; ovs-actions(7). */
import { getSlot } from '../../flow/key.ts';
import { keyValues } from '../../flow/key-values.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { Reader } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { hasShortHeader, readShortFieldHeader, writeFieldHeader } from '../match/oxm.ts';
import { formatTable, readTable, readUnsigned, wrong } from './arguments.ts';
import { type ActionText, type AnyAction, defineAction, type Outer } from './declare.ts';
import { isPlainNat, nat } from './nat.ts';
import {
  checkSource,
  fieldOf,
  formatSubfield,
  packBits,
  readSubfield,
  refuse,
  type Subfield,
} from './subfield.ts';

export interface CtArguments {
  /** The connection is remembered. */
  readonly commits: boolean;
  /** A connection in the other direction gives way. */
  readonly forces: boolean;
  readonly zone: number | Subfield;
  /** Where the packet goes on with what is known of its connection. */
  readonly table: number | undefined;
  /** Port of the protocol whose related connections are expected: 21 is FTP, 69 TFTP, 0 none. */
  readonly alg: number;
  /** Done to connections as they are remembered. */
  readonly actions: readonly AnyAction[];
}

const flag = { commit: 1, force: 2 } as const;
const noTable = 0xff;
const helpers: Readonly<Record<string, number>> = { ftp: 21, tftp: 69 };
const helperProtocol: Readonly<Record<number, number>> = { 21: ipProtocol.tcp, 69: ipProtocol.udp };

/** Bit of `ct_state`. */
const invalid = 0x10;

function decodeZone(body: Reader): number | Subfield {
  const start = body.at;
  const source = body.u32();
  const bits = body.u16();
  if (source === 0) return bits;
  body.at = start;
  const subfield = { field: readShortFieldHeader(body).name, low: bits >>> 6, width: (bits & 63) + 1 };
  body.skip(2);
  refuse(checkSource(subfield), `a zone in ${subfield.field}`);
  if (subfield.width !== 16)
    throw new OpenFlowError('OFPBAC_BAD_SET_LEN', `a zone of ${subfield.width} bits`);
  return subfield;
}

export const ct = defineAction('ct', {
  forms: [
    {
      wire: 'NX 1.0+ 35 NXAST_CT',
      size: () => [14, 8],
      decode(body, _version, decodeInner): CtArguments {
        const flags = body.u16();
        const commits = (flags & flag.commit) !== 0;
        const forces = (flags & flag.force) !== 0;
        if (forces && !commits) throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', 'force without commit');
        const zone = decodeZone(body);
        const table = body.u8();
        body.skip(3);
        const alg = body.u16();
        const actions = decodeInner(body, 'ct');
        if (!commits && actions.some((action) => !isPlainNat(action)))
          throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', 'actions on a connection that is not committed');
        return { commits, forces, zone, table: table === noTable ? undefined : table, alg, actions };
      },
      encode({ commits, forces, zone, table, alg, actions }, to, _version, encodeInner) {
        to.u16((commits ? flag.commit : 0) | (forces ? flag.force : 0));
        if (typeof zone === 'number' || !hasShortHeader(fieldOf(zone.field))) to.u32(0);
        else writeFieldHeader(to, fieldOf(zone.field), 0);
        to.u16(typeof zone === 'number' ? zone : packBits(zone));
        to.u8(table ?? noTable);
        to.room(3);
        to.u16(alg);
        encodeInner(actions);
      },
    },
  ],
  words: ['ct'],
  read: (text, context, _word, readInner) => readCt(text, context, readInner),
  format({ commits, forces, zone, table, alg, actions }, context, formatInner) {
    const [first, ...others] = actions;
    const isNat = first?.do === nat.name;
    const inner = isNat ? others : actions;
    const zoneText = typeof zone === 'number' ? String(zone) : formatSubfield(zone);
    const helper = Object.keys(helpers).find((name) => helpers[name] === alg) ?? String(alg);
    const parts = [
      commits ? 'commit' : '',
      forces ? 'force' : '',
      table === undefined ? '' : `table=${formatTable(table, context)}`,
      zone === 0 ? '' : `zone=${zoneText}`,
      isNat ? formatInner([first]) : '',
      inner.length === 0 ? '' : `exec(${formatInner(inner)})`,
      alg === 0 ? '' : `alg=${helper}`,
    ];
    return `ct(${parts.filter((part) => part !== '').join(',')})`;
  },
  inner: ({ actions }) => actions,
  check({ commits, zone, alg, actions }, packet, _limits, checkInner) {
    const protocol = helperProtocol[alg];
    const isInvalid = (getSlot(packet.values, 'ct_state') & invalid) !== 0;
    if (!packet.isIp || (isInvalid && commits) || (protocol !== undefined && packet.ipProtocol !== protocol))
      return 'OFPBAC_MATCH_INCONSISTENT';
    return typeof zone === 'number' ? checkInner(actions) : checkSource(zone, packet);
  },
});

function readCt(
  text: string,
  context: ActionText,
  readInner: (text: string, outer: Outer) => readonly AnyAction[],
): CtArguments {
  let value: CtArguments = { commits: false, forces: false, zone: 0, table: undefined, alg: 0, actions: [] };
  for (const { name, value: given } of keyValues(text)) {
    if (name === 'nat')
      value = {
        ...value,
        actions: [...value.actions, { do: nat.name, ...nat.read(given, context, name, readInner) }],
      };
    else if (name === 'exec') value = { ...value, actions: [...value.actions, ...readInner(given, 'ct')] };
    else value = { ...value, ...readSetting(name, given, context) };
  }
  if (value.forces && !value.commits) throw wrong('"force" flag requires "commit" flag.');
  return value;
}

function readSetting(name: string, text: string, context: ActionText): Partial<CtArguments> {
  switch (name) {
    case 'commit':
      return { commits: true };
    case 'force':
      return { forces: true };
    case 'table': {
      const table = readTable(text, context);
      if (table === undefined) throw wrong(`unknown table ${text}`);
      if (table === noTable) throw wrong(`invalid table 0x${table.toString(16)}`);
      return { table };
    }
    case 'zone':
      return { zone: readZone(text) };
    case 'alg': {
      const alg = Object.hasOwn(helpers, text) ? helpers[text] : undefined;
      if (alg === undefined) throw wrong(`invalid conntrack helper "${text}"`);
      return { alg };
    }
    default:
      throw wrong(`invalid argument to "ct" action: \`${name}'`);
  }
}

function readZone(text: string): number | Subfield {
  try {
    return readUnsigned(text, 16, 'zone');
  } catch {
    return readSubfield(text);
  }
}
