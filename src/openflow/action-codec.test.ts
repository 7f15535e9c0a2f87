import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { badActionLines, goodActionLines } from '../../test/system/action-lines.ts';
import { portText } from '../../test/system/match-lines.ts';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import type { Match } from '../flow/match.ts';
import {
  decodeActions,
  formatActions,
  readActionText,
  readInstructionText,
  takeTestActions,
  writeActions,
} from './action-codec.ts';
import { checkActions } from './action-rules.ts';
import { actionSetOrder } from './action-set.ts';
import { type Action, actions } from './actions/index.ts';
import { Reader, Writer } from './bytes.ts';
import { OpenFlowError } from './errors.ts';
import { readInstructions, writeInstructions } from './instruction-codec.ts';
import { allVersions, type WireVersion } from './versions.ts';

const context = { ports: portText };

/** Beside those that ovs-ofctl takes: tests of a switch, and a mask that OpenFlow 1.0 needs a load for. */
const lines = [
  ...goodActionLines,
  ...['debug_recirc', 'debug_slow', 'set_field:01:00:00:00:00:00/01:00:00:00:00:00->eth_dst'].map((text) => ({
    flow: text,
    actions: text,
    match: undefined,
  })),
];

beforeAll(takeTestActions);

const read = (bytes: Uint8Array, version: WireVersion): readonly Action[] =>
  readInstructions(new Reader(bytes), version);

const written = (list: readonly Action[], version: WireVersion, match?: Match): Uint8Array => {
  const to = new Writer(8);
  writeInstructions(to, list, version, match);
  return to.written.slice();
};

/** undefined where the version has no such action, or another order. */
function tryWrite(list: readonly Action[], version: WireVersion, match?: Match): Uint8Array | undefined {
  try {
    const bytes = written(list, version, match);
    read(bytes, version);
    return bytes;
  } catch (error) {
    if (error instanceof OpenFlowError) return undefined;
    throw error;
  }
}

/** An action by name, and those inside of it. */
const namesIn = (list: readonly Action[]): string[] =>
  list.flatMap((action) => [action.do, ...('actions' in action ? namesIn(action.actions) : [])]);

describe('actions', () => {
  test.each(lines)('$flow comes back the same from text', ({ actions: text }) => {
    const list = readInstructionText(text, context);
    const printed = formatActions(list, context);
    expect(formatActions(readInstructionText(printed, context), context)).toBe(printed);
  });

  test.each(lines)('$flow comes back the same from bytes', ({ actions: text, match }) => {
    const list = readInstructionText(text, context);
    const versions = allVersions.filter((version) => {
      const bytes = tryWrite(list, version, match);
      if (bytes === undefined) return false;
      expect(bytes.length % 8).toBe(0);
      expect(written(read(bytes, version), version, match)).toEqual(bytes);
      return true;
    });
    expect(versions.length).toBeGreaterThan(0);
  });

  it('are all in the tests above', () => {
    const seen = new Set(lines.flatMap((line) => namesIn(readInstructionText(line.actions, context))));
    // One is only for lists that are left of paused packets.
    expect(seen).toEqual(new Set(actions.map(({ name }) => name).filter((name) => name !== 'unroll_xlate')));
    const sent = new Set(
      lines.flatMap((line) =>
        allVersions.flatMap((version) => {
          const bytes = tryWrite(readInstructionText(line.actions, context), version, line.match);
          return bytes === undefined ? [] : namesIn(read(bytes, version));
        }),
      ),
    );
    expect(sent).toEqual(seen);
  });

  it('come in lists, or drop', () => {
    expect(formatActions(readActionText('1, resubmit(,2),strip_vlan', context), context)).toBe(
      'output:1,resubmit(,2),strip_vlan',
    );
    expect(readActionText('drop', context)).toEqual([]);
    expect(formatActions([], context)).toBe('drop');
  });

  test.each(badActionLines)('$flow is refused', ({ actions: text, match, table }) => {
    const verdict = (): unknown => {
      const found = checkActions(readInstructionText(text, context), match, { table });
      if (found === undefined || found === 'inconsistent') return found;
      throw new OpenFlowError(found, 'checked');
    };
    expect(verdict).toThrow();
  });

  it('are inconsistent with a match in some versions only', () => {
    const list = readActionText('mod_nw_tos:8,pop_mpls:0x800', context);
    expect(checkActions(list, undefined)).toBe('inconsistent');
    expect(checkActions(list, undefined, { version: 1 })).toBeUndefined();
    expect(checkActions(list, undefined, { version: 4 })).toBe('OFPBAC_MATCH_INCONSISTENT');
  });

  it('know what the actions before them made of the packet', () => {
    const check = (text: string) => checkActions(readInstructionText(text, context), undefined);
    expect(check('push_mpls:0x8847,set_mpls_label:5')).toBeUndefined();
    expect(check('clone(push_mpls:0x8847),set_mpls_label:5')).toBe('inconsistent');
    expect(check('push_vlan:0x8100,set_field:4097->vlan_vid,pop_vlan')).toBeUndefined();
    expect(check('push_vlan:0x8100,pop_vlan,pop_vlan')).toBe('inconsistent');
    expect(check('encap(nsh),set_field:1->nsh_si')).toBeUndefined();
  });

  it('name the ports and tables of a switch', () => {
    const list = readInstructionText('output:5,goto_table:9', context);
    expect(checkActions(list, undefined, { portLimit: 5 })).toBe('OFPBAC_BAD_OUT_PORT');
    expect(checkActions(list, undefined, { tableCount: 9 })).toBe('OFPBIC_BAD_TABLE_ID');
    expect(checkActions(list, undefined, { table: 8, tableCount: 10 })).toBeUndefined();
    const names = {
      ...context,
      tables: { read: (text: string) => (text === 'in' ? 3 : undefined), format: () => 'in' },
    };
    expect(formatActions(readInstructionText('resubmit(,in),goto_table:in', names), names)).toBe(
      'resubmit(,in),goto_table:in',
    );
  });

  it('are done in the order of the set that they are in', () => {
    const order = (text: string) => formatActions(actionSetOrder(readActionText(text, context)), context);
    expect(order('output:1,set_field:1->reg0,push_vlan:0x8100,output:2,group:3,set_field:2->reg0')).toBe(
      'push_vlan:0x8100,set_field:0x1->reg0,set_field:0x2->reg0,group:3',
    );
    expect(order('set_field:1->reg0')).toBe('drop');
  });

  it('are lists of their own outside of flows', () => {
    const list = readActionText('mod_vlan_vid:5,mod_vlan_pcp:1,resubmit(,3)', context);
    const bytes = allVersions.map((version) => {
      const to = new Writer();
      writeActions(to, list, version);
      return formatActions(decodeActions(new Reader(to.written.slice()), version), context);
    });
    expect(bytes).toEqual([
      'mod_vlan_vid:5,mod_vlan_pcp:1,resubmit(,3)',
      'push_vlan:0x8100,set_vlan_vid:5,set_vlan_pcp:1,resubmit(,3)',
      ...Array.from(
        { length: 4 },
        () => 'push_vlan:0x8100,set_field:4101->vlan_vid,set_field:1->vlan_pcp,resubmit(,3)',
      ),
    ]);
    expect(() => readActionText('goto_table:1', context)).toThrow('goto_table instruction not allowed here');
  });

  it('of experimenter 0 are those of nobody', () => {
    const bytes = Buffer.from('ffff001000000000004a000200000001', 'hex');
    expect(() => decodeActions(new Reader(bytes), 1)).toThrow('OFPBAC_BAD_VENDOR:');
  });

  it('are inside of each other up to a limit', () => {
    const nested = (depth: number): string => (depth === 0 ? '1' : `clone(${nested(depth - 1)})`);
    expect(() => readActionText(nested(100), context)).toThrow('Action nested too deeply');
    const deep = (depth: number): Action[] =>
      depth === 0 ? [] : [{ do: 'clone', actions: deep(depth - 1) } satisfies Action];
    expect(() => read(written(deep(1000), 1), 1)).toThrow(OpenFlowError);
    expect(read(written(deep(100), 1), 1)).toEqual(deep(100));
  });
});

const seeds = lines.flatMap(({ actions: text, match }) => {
  const list = readInstructionText(text, context);
  return allVersions.flatMap((version) => {
    const bytes = tryWrite(list, version, match);
    return bytes === undefined || bytes.length === 0 ? [] : [{ bytes, version }];
  });
});

describe('whatever comes from outside', () => {
  it('is read as actions, or refused in the words of OpenFlow', () => {
    const change = fc.record({ at: fc.nat({ max: 90 }), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(change, { maxLength: 4 }),
        fc.uint8Array({ maxLength: 9 }),
        (seed, changes, tail) => {
          const bytes = Uint8Array.from([...seed.bytes, ...tail]);
          for (const { at, to } of changes) if (at < bytes.length) bytes[at] = to;
          try {
            const list = read(bytes, seed.version);
            formatActions(list, context);
            checkActions(list, undefined);
            expect(written(read(written(list, seed.version), seed.version), seed.version)).toEqual(
              written(list, seed.version),
            );
          } catch (error) {
            expect(error).toBeInstanceOf(OpenFlowError);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('is read as text, or told what is wrong with it', () => {
    const word = fc.constantFrom(...actions.flatMap(({ words }) => words), 'nonsense', '1', 'drop');
    const value = fc.oneof(
      fc.stringMatching(/^[0-9a-fx:.,/ >-]{0,12}$/),
      fc.string({ maxLength: 8 }),
      fc.constantFrom(...lines.map(({ actions: text }) => text.replace(/^\w+./, ''))),
    );
    fc.assert(
      fc.property(word, fc.constantFrom(':', '(', '='), value, (name, delimiter, rest) => {
        expectReadOrMalformed(() =>
          formatActions(readInstructionText(`${name}${delimiter}${rest}`, context), context),
        );
      }),
      { numRuns: 5000 },
    );
  });
});
