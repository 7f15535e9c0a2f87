/**
 * Instructions of OpenFlow 1.1 and later (1.5.1 section 7.2.5) other than the actions that a flow applies;
 * ovs-actions(7). `instruction-codec.ts` has their bytes. In OpenFlow 1.0 some are actions, and others are not said at
 * all.
 */
import { hexOrZero } from '../../base/numbers.ts';
import { reservedPorts } from '../ports.ts';
import { protocolSets } from '../protocols/protocols.ts';
import { checkZero, formatTable, readTable, readU32, readU64, u32Argument, wrong } from './arguments.ts';
import { type AnyAction, defineAction, instead, laidOut, type WithoutArguments } from './declare.ts';
import { resubmit } from './pipeline-actions.ts';

export interface MeterArguments {
  readonly meter: number;
}

const lastMeter = 0xffff0000;

export const meter = defineAction('meter', {
  // In OpenFlow 1.3 and 1.4 it is an instruction.
  forms: laidOut<MeterArguments>(['OF 1.5+ 29 OFPAT_METER'], { meter: u32Argument }),
  words: ['meter'],
  read: (text): MeterArguments => ({ meter: readU32(text) }),
  format: ({ meter: number }) => `meter:${number}`,
  usableIn: () => protocolSets.since13,
  sentAs: (_, version) => (version < 4 ? [] : undefined),
  check: ({ meter: number }) => (number === 0 || number > lastMeter ? 'OFPMMFC_INVALID_METER' : undefined),
  instruction: 'meter',
});

export const clearActions = defineAction('clear_actions', {
  forms: [],
  words: ['clear_actions'],
  read: (): WithoutArguments => ({}),
  format: () => 'clear_actions',
  sentAs: (_, version) => (version === 1 ? [] : undefined),
  instruction: 'clear_actions',
});

export interface WriteActionsArguments {
  readonly actions: readonly AnyAction[];
}

export const writeActionSet = defineAction('write_actions', {
  forms: [],
  words: ['write_actions'],
  read: (text, _context, _word, readInner): WriteActionsArguments => ({
    actions: readInner(text, 'write_actions'),
  }),
  format: ({ actions }, _context, formatInner) => `write_actions(${formatInner(actions)})`,
  inner: ({ actions }) => actions,
  sentAs: (_, version) => (version === 1 ? [] : undefined),
  // What is inconsistent in an action set does nothing.
  check({ actions }, _packet, _limits, checkInner) {
    const verdict = checkInner(actions);
    return verdict === 'inconsistent' ? undefined : verdict;
  },
  instruction: 'write_actions',
});

export interface WriteMetadataArguments {
  readonly metadata: bigint;
  readonly mask: bigint;
}

const wholeMask = 0xffffffffffffffffn;

export const writeMetadata = defineAction('write_metadata', {
  forms: [
    {
      wire: 'NX 1.0+ 22 NXAST_WRITE_METADATA',
      size: () => [22, 0],
      decode(body): WriteMetadataArguments {
        checkZero(body.octets(6));
        return { metadata: body.u64(), mask: body.u64() };
      },
      encode({ metadata, mask }, to) {
        to.room(6);
        to.u64(metadata);
        to.u64(mask);
      },
    },
  ],
  words: ['write_metadata'],
  read(text): WriteMetadataArguments {
    const slash = text.indexOf('/');
    if (slash < 0) return { metadata: readU64(text), mask: wholeMask };
    const mask = readU64(text.slice(slash + 1));
    return { metadata: readU64(text.slice(0, slash)), mask };
  },
  format: ({ metadata, mask }) =>
    `write_metadata:${hexOrZero(metadata)}${mask === wholeMask ? '' : `/${hexOrZero(mask)}`}`,
  usableIn: () => protocolSets.nxmOrLater,
  instruction: 'write_metadata',
});

export interface GotoTableArguments {
  readonly table: number;
}

const anyTable = 0xff;

export const gotoTable = defineAction('goto_table', {
  forms: [],
  words: ['goto_table'],
  read(text, context): GotoTableArguments {
    const table = readTable(text, context);
    if (table === undefined) throw wrong(`unknown table "${text}"`);
    return { table };
  },
  format: ({ table }, context) => `goto_table:${formatTable(table, context)}`,
  sentAs({ table }, version) {
    if (version > 1) return undefined;
    return [
      instead(resubmit, { port: reservedPorts.IN_PORT, table, usesOriginalTuple: false, namesTable: true }),
    ];
  },
  check({ table: next }, _packet, { table, tableCount }) {
    const isBad = (table !== anyTable && next <= table) || (tableCount !== anyTable && next >= tableCount);
    return isBad ? 'OFPBIC_BAD_TABLE_ID' : undefined;
  },
  instruction: 'goto_table',
});
