/** Actions that steer a packet's way through the tables, and notes: ovs-actions(7). */
import { hexOrZero } from '../../base/numbers.ts';
import { isMetByMatch } from '../../flow/fields/prerequisites.ts';
import { keyValues } from '../../flow/key-values.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { OpenFlowError } from '../errors.ts';
import { reservedPorts } from '../ports.ts';
import {
  checkZero,
  formatDotted,
  formatTable,
  port,
  readDotted,
  readLeadingNumber,
  readPortArgument,
  readTable,
  readU32,
  readU64,
  readUnsigned,
  u8Argument,
  u16Argument,
  u32Argument,
  u64Argument,
  wrong,
} from './arguments.ts';
import { type ActionForm, defineAction, laidOut, withoutArguments } from './declare.ts';
import { settingNumber } from './field-value.ts';

export const exit = withoutArguments('exit', ['NX 1.0+ 17 NXAST_EXIT']);
export const ctClear = withoutArguments('ct_clear', ['NX 1.0+ 43 NXAST_CT_CLEAR']);
export const debugRecirculation = withoutArguments('debug_recirc', ['NX 1.0+ 255 NXAST_DEBUG_RECIRC'], {
  isForTests: true,
});
export const debugSlowPath = withoutArguments('debug_slow', ['NX 1.0+ 254 NXAST_DEBUG_SLOW'], {
  isForTests: true,
});

export interface UnrollArguments {
  readonly table: number;
  readonly cookie: bigint;
}

/** What follows belongs to that table, and to a rule of that cookie. Only in lists that are left of a paused packet. */
export const unroll = defineAction('unroll_xlate', {
  forms: [],
  words: [],
  read(): UnrollArguments {
    throw wrong('unroll_xlate is not to be written');
  },
  format: ({ table, cookie }, context) =>
    `unroll_xlate(table=${formatTable(table, context)}, cookie=${cookie})`,
});

export interface ResubmitArguments {
  /** IN_PORT leaves it as it is. */
  readonly port: number;
  /** 255 is the table that the packet is in. */
  readonly table: number;
  /** With the addresses and ports of the connection's first packet in the place of its own. */
  readonly usesOriginalTuple: boolean;
  /** In one of the forms that name a table, though that may be 255. */
  readonly namesTable: boolean;
}

const thisTable = 0xff;

function resubmitForms(): ActionForm<ResubmitArguments>[] {
  const plain = laidOut<{ port: number }>(['NX 1.0+ 1 NXAST_RESUBMIT'], { port });
  const inTable = laidOut<{ port: number; table: number }>(
    ['NX 1.0+ 14 NXAST_RESUBMIT_TABLE', 'NX 1.0+ 44 NXAST_RESUBMIT_TABLE_CT'],
    {
      port,
      table: u8Argument,
    },
  );
  return [
    ...plain.map(
      (form): ActionForm<ResubmitArguments> => ({
        ...form,
        decode: (body, version, inner) => ({
          ...form.decode(body, version, inner),
          table: thisTable,
          usesOriginalTuple: false,
          namesTable: false,
        }),
        canSay: ({ namesTable }) => !namesTable,
      }),
    ),
    ...inTable.map(
      (form, n): ActionForm<ResubmitArguments> => ({
        ...form,
        decode(body, version, inner) {
          const read = form.decode(body, version, inner);
          checkZero(body.octets(body.left), 'OFPBAC_BAD_ARGUMENT');
          return { ...read, usesOriginalTuple: n === 1, namesTable: true };
        },
        canSay: ({ usesOriginalTuple }) => usesOriginalTuple === (n === 1),
      }),
    ),
  ];
}

export const resubmit = defineAction('resubmit', {
  forms: resubmitForms(),
  words: ['resubmit'],
  read(text, context): ResubmitArguments {
    const [first = '', second = '', third = ''] = text.split(',');
    const to = first === '' ? reservedPorts.IN_PORT : readPortArgument(first, context);
    if (to === undefined) throw wrong(`${first}: resubmit to unknown port`);
    const table = second === '' ? thisTable : readTable(second, context);
    if (table === undefined) throw wrong(`${second}: resubmit to unknown table`);
    if (third !== '' && third !== 'ct') throw wrong(`${third}: unknown parameter`);
    if (to === reservedPorts.IN_PORT && table === thisTable)
      throw wrong('at least one "in_port" or "table" must be specified on resubmit');
    return { port: to, table, usesOriginalTuple: third === 'ct', namesTable: true };
  },
  format({ port: to, table, usesOriginalTuple }, context) {
    const { ports } = context;
    if (to !== reservedPorts.IN_PORT && table === thisTable) return `resubmit:${ports.format(to)}`;
    const where = to === reservedPorts.IN_PORT ? '' : ports.format(to);
    const which = table === thisTable ? '' : formatTable(table, context);
    return `resubmit(${where},${which}${usesOriginalTuple ? ',ct' : ''})`;
  },
  check: ({ usesOriginalTuple }, packet) =>
    !usesOriginalTuple || isMetByMatch('conntrack', packet.values, packet.bits)
      ? undefined
      : 'OFPBAC_MATCH_INCONSISTENT',
});

export interface SetTunnelArguments {
  readonly id: bigint;
  /** In the form that has 64 bits, though 32 would do. */
  readonly isLong: boolean;
}

function tunnelForms(): ActionForm<SetTunnelArguments>[] {
  const short = laidOut<{ id: number }>(['NX 1.0+ 2 NXAST_SET_TUNNEL'], { id: u32Argument });
  const long = laidOut<{ id: bigint }>(['NX 1.0+ 9 NXAST_SET_TUNNEL64'], { id: u64Argument });
  return [
    ...short.map(
      (form): ActionForm<SetTunnelArguments> => ({
        ...form,
        decode: (body, version, inner) => ({
          id: BigInt(form.decode(body, version, inner).id),
          isLong: false,
        }),
        encode: ({ id }, to, version, inner) => form.encode({ id: Number(id) }, to, version, inner),
        canSay: ({ id, isLong }) => !isLong && id <= 0xffffffffn,
      }),
    ),
    ...long.map(
      (form): ActionForm<SetTunnelArguments> => ({
        ...form,
        decode: (body, version, inner) => ({ ...form.decode(body, version, inner), isLong: true }),
      }),
    ),
  ];
}

export const setTunnel = defineAction('set_tunnel', {
  forms: tunnelForms(),
  words: ['set_tunnel', 'set_tunnel64'],
  read(text, _context, word): SetTunnelArguments {
    const id = readU64(text);
    return { id, isLong: word === 'set_tunnel64' };
  },
  format: ({ id, isLong }) => `set_tunnel${isLong || id > 0xffffffffn ? '64' : ''}:${hexOrZero(id)}`,
  sentAs: ({ id }, version) => (version < 3 ? undefined : [settingNumber('tun_id', id)]),
});

export interface NoteArguments {
  /** As it goes out: filled with zeros up to the next multiple of eight of the whole action. */
  readonly data: Uint8Array;
}

const noteHeader = 10;

export const note = defineAction('note', {
  forms: [
    {
      wire: 'NX 1.0+ 8 NXAST_NOTE',
      size: () => [6, 8],
      decode: (body): NoteArguments => ({ data: body.octets(body.left) }),
      encode: ({ data }, to) => to.octets(data),
    },
  ],
  words: ['note'],
  read(text): NoteArguments {
    const bytes = readDotted(text);
    if (bytes === undefined) throw wrong("bad hex digit in `note' argument");
    const data = new Uint8Array(Math.ceil((noteHeader + Math.max(bytes.length, 1)) / 8) * 8 - noteHeader);
    data.set(bytes);
    return { data };
  },
  format: ({ data }) => `note:${formatDotted(data)}`,
});

export interface FinTimeoutArguments {
  readonly idle: number;
  readonly hard: number;
}

export const finTimeout = defineAction('fin_timeout', {
  forms: laidOut<FinTimeoutArguments>(['NX 1.0+ 19 NXAST_FIN_TIMEOUT'], {
    idle: u16Argument,
    hard: u16Argument,
  }),
  words: ['fin_timeout'],
  read(text): FinTimeoutArguments {
    const timeouts = { idle_timeout: 0, hard_timeout: 0 };
    for (const { name, value } of keyValues(text)) {
      if (name !== 'idle_timeout' && name !== 'hard_timeout')
        throw wrong(`invalid key '${name}' in 'fin_timeout' argument`);
      timeouts[name] = readUnsigned(value, 16, name);
    }
    return { idle: timeouts.idle_timeout, hard: timeouts.hard_timeout };
  },
  format({ idle, hard }) {
    const parts = [idle === 0 ? '' : `idle_timeout=${idle}`, hard === 0 ? '' : `hard_timeout=${hard}`];
    return `fin_timeout(${parts.filter((part) => part !== '').join(',')})`;
  },
  check: (_, packet) => (packet.ipProtocol === ipProtocol.tcp ? undefined : 'inconsistent'),
});

export interface ConjunctionArguments {
  readonly id: number;
  /** From 0. */
  readonly clause: number;
  readonly clauseCount: number;
}

export const conjunction = defineAction('conjunction', {
  forms: laidOut<ConjunctionArguments>(['NX 1.0+ 34 NXAST_CONJUNCTION'], {
    clause: u8Argument,
    clauseCount: u8Argument,
    id: u32Argument,
  }).map((form) => ({
    ...form,
    decode(body, version, inner) {
      const read = form.decode(body, version, inner);
      const { clause, clauseCount } = read;
      if (clauseCount < 2 || clauseCount > 64 || clause >= clauseCount)
        throw new OpenFlowError('NXBAC_BAD_CONJUNCTION', `clause ${clause + 1} of ${clauseCount}`);
      return read;
    },
  })),
  words: ['conjunction'],
  read(text): ConjunctionArguments {
    const [, id, clause, count] =
      /^\s*([+-]?(?:0x[\da-f]+|\d+))\s*,\s*(\d+)\s*\/\s*(\d+)\s*$/i.exec(text) ?? [];
    if (id === undefined) throw wrong('"conjunction" syntax is "conjunction(id,i/n)"');
    const [number, of] = [Number(clause), Number(count)];
    if (of < 2) throw wrong('conjunction must have at least 2 clauses');
    if (of > 64) throw wrong('conjunction must have at most 64 clauses');
    if (number < 1) throw wrong('clause index must be positive');
    if (number > of) throw wrong('clause index must be less than or equal to number of clauses');
    return { id: readU32(id), clause: number - 1, clauseCount: of };
  },
  format: ({ id, clause, clauseCount }) => `conjunction(${id},${clause + 1}/${clauseCount})`,
});

export interface DecTtlArguments {
  /** Controllers that are told of a packet whose TTL runs out: undefined is the one without an id of its own. */
  readonly controllers: readonly number[] | undefined;
}

export const decTtl = defineAction('dec_ttl', {
  forms: [
    ...laidOut<Record<never, never>>(['NX 1.0 18 OFPAT_DEC_NW_TTL', 'OF 1.1+ 24 OFPAT_DEC_NW_TTL'], {}).map(
      (form): ActionForm<DecTtlArguments> => ({
        ...form,
        decode: () => ({ controllers: undefined }),
        canSay: ({ controllers }) => controllers === undefined,
      }),
    ),
    {
      wire: 'NX 1.0+ 21 NXAST_DEC_TTL_CNT_IDS',
      size: () => [6, 8],
      decode(body): DecTtlArguments {
        const count = body.u16();
        checkZero(body.octets(4));
        if (2 * count > body.left)
          throw new OpenFlowError('OFPBAC_BAD_LEN', `${count} controllers in ${body.left} bytes`);
        return { controllers: Array.from({ length: count }, () => body.u16()) };
      },
      encode({ controllers = [] }, to) {
        to.u16(controllers.length);
        to.room(4);
        for (const id of controllers) to.u16(id);
      },
    },
  ],
  words: ['dec_ttl'],
  read(text): DecTtlArguments {
    if (text === '') return { controllers: undefined };
    const ids = text.split(/[, ]/).filter((part) => part !== '');
    if (ids.length === 0) throw wrong('dec_ttl_cnt_ids: expected at least one controller id.');
    return { controllers: ids.map((id) => readLeadingNumber(id, 16)) };
  },
  format: ({ controllers }) => (controllers === undefined ? 'dec_ttl' : `dec_ttl(${controllers.join(',')})`),
  check: (_, packet) => (packet.isIp ? undefined : 'inconsistent'),
});
