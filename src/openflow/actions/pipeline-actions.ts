/** Actions that steer a packet's way through the tables, and notes: ovs-actions(7). */
import { readInteger } from '../../flow/fields/integer.ts';
import { OpenFlowError } from '../errors.ts';
import { reservedPorts } from '../ports.ts';
import { port, readU64, readUnsigned, u8, u16, u32, u64, wrong } from './arguments.ts';
import { type ActionForm, defineAction, laidOut, withoutArguments } from './declare.ts';

export const exit = withoutArguments('exit', ['NX 1.0+ 17'], 'exit');
export const ctClear = withoutArguments('ct_clear', ['NX 1.0+ 43'], 'ct_clear');

interface Resubmit {
  /** IN_PORT leaves it as it is. */
  readonly port: number;
  /** 255 is the table that the packet is in. */
  readonly table: number;
  /** With the addresses and ports of the connection's first packet in the place of its own. */
  readonly usesOriginalTuple: boolean;
}

const thisTable = 0xff;

function resubmitForms(): ActionForm<Resubmit>[] {
  const plain = laidOut<{ port: number }>(['NX 1.0+ 1'], { port });
  const inTable = laidOut<{ port: number; table: number }>(['NX 1.0+ 14', 'NX 1.0+ 44'], { port, table: u8 });
  return [
    ...plain.map(
      (form): ActionForm<Resubmit> => ({
        ...form,
        decode: (body, version) => ({
          ...form.decode(body, version),
          table: thisTable,
          usesOriginalTuple: false,
        }),
        canSay: ({ table, usesOriginalTuple }) => table === thisTable && !usesOriginalTuple,
      }),
    ),
    ...inTable.map(
      (form, n): ActionForm<Resubmit> => ({
        ...form,
        decode(body, version) {
          const read = form.decode(body, version);
          const rest = body.octets(body.left);
          if (rest.some((byte) => byte !== 0))
            throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', 'bytes of a resubmit that must be zero');
          return { ...read, usesOriginalTuple: n === 1 };
        },
        canSay: ({ usesOriginalTuple }) => usesOriginalTuple === (n === 1),
      }),
    ),
  ];
}

export const resubmit = defineAction('resubmit', {
  forms: resubmitForms(),
  words: ['resubmit'],
  read(text, { ports }): Resubmit {
    const [first = '', second = '', third = ''] = text.split(',').map((part) => part.trim());
    const to = first === '' ? reservedPorts.IN_PORT : ports.read(first);
    if (to === undefined) throw wrong(`${first}: resubmit to unknown port`);
    const table = second === '' ? thisTable : Number(readInteger(second) ?? -1n);
    if (table < 0 || table > 0xff) throw wrong(`${second}: resubmit to unknown table`);
    if (third !== '' && third !== 'ct') throw wrong(`${third}: unknown parameter`);
    if (to === reservedPorts.IN_PORT && table === thisTable)
      throw wrong('at least one "in_port" or "table" must be specified on resubmit');
    return { port: to, table, usesOriginalTuple: third === 'ct' };
  },
  format({ port: to, table, usesOriginalTuple }, { ports }) {
    if (to !== reservedPorts.IN_PORT && table === thisTable && !usesOriginalTuple)
      return `resubmit:${ports.format(to)}`;
    const where = to === reservedPorts.IN_PORT ? '' : ports.format(to);
    return `resubmit(${where},${table === thisTable ? '' : table}${usesOriginalTuple ? ',ct' : ''})`;
  },
});

interface Tunnel {
  readonly id: bigint;
  /** In the form that has 64 bits, though 32 would do. */
  readonly isLong: boolean;
}

function tunnelForms(): ActionForm<Tunnel>[] {
  const short = laidOut<{ id: number }>(['NX 1.0+ 2'], { id: u32 });
  const long = laidOut<{ id: bigint }>(['NX 1.0+ 9'], { id: u64 });
  return [
    ...short.map(
      (form): ActionForm<Tunnel> => ({
        ...form,
        decode: (body, version) => ({ id: BigInt(form.decode(body, version).id), isLong: false }),
        encode: ({ id }, to, version) => form.encode({ id: Number(id) }, to, version),
        canSay: ({ id, isLong }) => !isLong && id <= 0xffffffffn,
      }),
    ),
    ...long.map(
      (form): ActionForm<Tunnel> => ({
        ...form,
        decode: (body, version) => ({ ...form.decode(body, version), isLong: true }),
      }),
    ),
  ];
}

export const setTunnel = defineAction('set_tunnel', {
  forms: tunnelForms(),
  words: ['set_tunnel', 'set_tunnel64'],
  read(text, _context, word): Tunnel {
    const id = readU64(text);
    return { id, isLong: word === 'set_tunnel64' || id > 0xffffffffn };
  },
  format: ({ id, isLong }) => `set_tunnel${isLong ? '64' : ''}:${id === 0n ? '0' : `0x${id.toString(16)}`}`,
});

interface Note {
  /** As it goes out: filled with zeros up to the next multiple of eight of the whole action. */
  readonly data: Uint8Array;
}

const noteHeader = 10;

export const note = defineAction('note', {
  forms: [
    {
      wire: 'NX 1.0+ 8',
      size: () => [6, 8],
      decode: (body): Note => ({ data: body.octets(body.left) }),
      encode({ data }, to) {
        to.octets(data);
        to.room(Math.max(6 - data.length, -(noteHeader + data.length) & 7));
      },
    },
  ],
  words: ['note'],
  read(text): Note {
    const digits = text.replaceAll('.', '');
    if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw wrong("bad hex digit in `note' argument");
    const size = Math.ceil((noteHeader + Math.max(digits.length / 2, 1)) / 8) * 8 - noteHeader;
    const data = new Uint8Array(size);
    data.set(Buffer.from(digits, 'hex'));
    return { data };
  },
  format: ({ data }) =>
    `note:${Buffer.from(data)
      .toString('hex')
      .replaceAll(/..(?=.)/g, '$&.')}`,
});

interface FinTimeout {
  readonly idle: number;
  readonly hard: number;
}

export const finTimeout = defineAction('fin_timeout', {
  forms: laidOut<FinTimeout>(['NX 1.0+ 19'], { idle: u16, hard: u16 }),
  words: ['fin_timeout'],
  read(text): FinTimeout {
    const timeouts = { idle_timeout: 0, hard_timeout: 0 };
    for (const part of text.split(',').filter((item) => item.trim() !== '')) {
      const [name = '', value = ''] = part.trim().split('=');
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
});

interface Conjunction {
  readonly id: number;
  /** From 0. */
  readonly clause: number;
  readonly clauseCount: number;
}

export const conjunction = defineAction('conjunction', {
  forms: laidOut<Conjunction>(['NX 1.0+ 34'], { clause: u8, clauseCount: u8, id: u32 }).map((form) => ({
    ...form,
    decode(body, version) {
      const read = form.decode(body, version);
      const { clause, clauseCount } = read;
      if (clauseCount < 2 || clauseCount > 64 || clause >= clauseCount)
        throw new OpenFlowError('NXBAC_BAD_CONJUNCTION', `clause ${clause + 1} of ${clauseCount}`);
      return read;
    },
  })),
  words: ['conjunction'],
  read(text): Conjunction {
    const [, id, clause, count] = /^\s*(\d+)\s*,\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(text) ?? [];
    if (id === undefined) throw wrong('"conjunction" syntax is "conjunction(id,i/n)"');
    const [number, of] = [Number(clause), Number(count)];
    if (of < 2) throw wrong('conjunction must have at least 2 clauses');
    if (of > 64) throw wrong('conjunction must have at most 64 clauses');
    if (number < 1) throw wrong('clause index must be positive');
    if (number > of) throw wrong('clause index must be less than or equal to number of clauses');
    return { id: Number(id), clause: number - 1, clauseCount: of };
  },
  format: ({ id, clause, clauseCount }) => `conjunction(${id},${clause + 1}/${clauseCount})`,
});

interface DecTtl {
  /** Controllers that are told of a packet whose TTL runs out: undefined is the one without an id of its own. */
  readonly controllers: readonly number[] | undefined;
}

export const decTtl = defineAction('dec_ttl', {
  forms: [
    ...laidOut<Record<never, never>>(['NX 1.0 18', 'OF 1.1+ 24'], {}).map(
      (form): ActionForm<DecTtl> => ({
        ...form,
        decode: () => ({ controllers: undefined }),
        canSay: ({ controllers }) => controllers === undefined,
      }),
    ),
    {
      wire: 'NX 1.0+ 21',
      size: () => [6, 8],
      decode(body): DecTtl {
        const count = body.u16();
        if (body.octets(4).some((byte) => byte !== 0))
          throw new OpenFlowError('NXBRC_MUST_BE_ZERO', 'bytes of a dec_ttl that must be zero');
        if (2 * count > body.left)
          throw new OpenFlowError('OFPBAC_BAD_LEN', `${count} controllers in ${body.left} bytes`);
        return { controllers: Array.from({ length: count }, () => body.u16()) };
      },
      encode({ controllers = [] }, to) {
        to.u16(controllers.length);
        to.room(4);
        for (const id of controllers) to.u16(id);
        to.room((-2 * controllers.length) & 7);
      },
    },
  ],
  words: ['dec_ttl'],
  read(text): DecTtl {
    const ids = text.split(',').filter((part) => part !== '');
    return {
      controllers: ids.length === 0 ? undefined : ids.map((id) => readUnsigned(id, 16, 'controller id')),
    };
  },
  format: ({ controllers }) => (controllers === undefined ? 'dec_ttl' : `dec_ttl(${controllers.join(',')})`),
});
