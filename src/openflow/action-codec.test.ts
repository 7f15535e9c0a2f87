import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Malformed } from '../base/errors.ts';
import { formatActions, readActions, readActionText, writeActions } from './action-codec.ts';
import type { ActionText } from './actions/declare.ts';
import { type Action, actions } from './actions/index.ts';
import { Reader, Writer } from './bytes.ts';
import { OpenFlowError } from './errors.ts';
import { allVersions, type WireVersion } from './versions.ts';

const context: ActionText = {
  ports: { read: (text) => (/^\d{1,5}$/.test(text) ? Number(text) : undefined), format: String },
};

const laterVersions = allVersions.slice(1);

/** One text for each action and each form of it, and the versions that have it. */
const texts: readonly (readonly [text: string, versions: readonly WireVersion[]])[] = [
  ['output:1', allVersions],
  ['enqueue:1:2', [1]],
  ['set_queue:5', allVersions],
  ['pop_queue', allVersions],
  ['group:7', allVersions],
  ['mod_vlan_vid:5', [1]],
  ['set_vlan_vid:5', laterVersions],
  ['mod_vlan_pcp:3', [1]],
  ['set_vlan_pcp:3', laterVersions],
  ['push_vlan:0x88a8', laterVersions],
  ['strip_vlan', [1]],
  ['pop_vlan', laterVersions],
  ['mod_nw_ecn:3', laterVersions],
  ['mod_nw_ttl:9', laterVersions],
  ['mod_dl_src:00:01:02:03:04:05', allVersions],
  ['mod_dl_dst:ff:ff:ff:ff:ff:ff', allVersions],
  ['mod_nw_src:1.2.3.4', allVersions],
  ['mod_nw_dst:255.0.0.1', allVersions],
  ['mod_nw_tos:8', allVersions],
  ['mod_tp_src:80', allVersions],
  ['mod_tp_dst:65535', allVersions],
  ['push_mpls:0x8847', allVersions],
  ['pop_mpls:0x0800', allVersions],
  ['set_mpls_label(1048575)', allVersions],
  ['set_mpls_tc(7)', allVersions],
  ['set_mpls_ttl(255)', allVersions],
  ['dec_mpls_ttl', allVersions],
  ['dec_ttl', allVersions],
  ['dec_ttl(1,2)', allVersions],
  ['dec_nsh_ttl', [4, 5, 6]],
  ['resubmit:1', allVersions],
  ['resubmit(,2)', allVersions],
  ['resubmit(3,254,ct)', allVersions],
  ['set_tunnel:0x5', allVersions],
  ['set_tunnel64:0x5', allVersions],
  ['set_tunnel64:0x100000000', allVersions],
  ['note:01.02.03.00.00.00', allVersions],
  ['fin_timeout(idle_timeout=5,hard_timeout=6)', allVersions],
  ['conjunction(1,2/3)', allVersions],
  ['ct_clear', allVersions],
  ['exit', allVersions],
];

const written = (list: readonly Action[], version: WireVersion): Uint8Array => {
  const to = new Writer();
  writeActions(to, list, version);
  return to.written.slice();
};

describe('actions', () => {
  test.each(texts)('%s comes back the same from bytes and text', (text, versions) => {
    const list = readActionText(text, context);
    expect(formatActions(list, context)).toBe(text);
    for (const version of versions) {
      const bytes = written(list, version);
      expect(bytes.length % 8).toBe(0);
      expect(readActions(new Reader(bytes), version)).toEqual(list);
    }
    // How a tag is popped was said is not told apart.
    for (const version of allVersions.filter(
      (other) => !versions.includes(other) && !text.endsWith('p_vlan'),
    ))
      expect(() => written(list, version)).toThrow(OpenFlowError);
  });

  it('are all in the test above', () => {
    const seen = texts.flatMap(([text]) => readActionText(text, context).map((action) => action.do));
    expect(new Set(seen)).toEqual(new Set(actions.map(({ name }) => name)));
  });

  it('come in lists, or drop', () => {
    expect(formatActions(readActionText('1, resubmit(,2),strip_vlan', context), context)).toBe(
      'output:1,resubmit(,2),strip_vlan',
    );
    expect(readActionText('drop', context)).toEqual([]);
    expect(formatActions([], context)).toBe('drop');
    expect(() => readActionText('drop,1', context)).toThrow(Malformed);
  });

  it('read any bytes, or say what is wrong with them in the words of OpenFlow', () => {
    const seeds = texts.flatMap(([text, versions]) =>
      versions.map((v) => ({ bytes: written(readActionText(text, context), v), v })),
    );
    const change = fc.record({ at: fc.nat({ max: 40 }), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(change, { maxLength: 4 }),
        fc.uint8Array({ maxLength: 9 }),
        (seed, changes, tail) => {
          const bytes = Uint8Array.from([...seed.bytes, ...tail]);
          for (const { at, to } of changes) if (at < bytes.length) bytes[at] = to;
          try {
            for (const action of readActions(new Reader(bytes), seed.v)) formatActions([action], context);
          } catch (error) {
            expect(error).toBeInstanceOf(OpenFlowError);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('read any text, or say what is wrong with it', () => {
    const word = fc.constantFrom(...actions.flatMap(({ words }) => words), 'nonsense', '1', 'drop');
    const value = fc.oneof(fc.stringMatching(/^[0-9a-fx:.,/ ]{0,12}$/), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(word, fc.constantFrom(':', '(', '='), value, (name, delimiter, rest) => {
        try {
          formatActions(readActionText(`${name}${delimiter}${rest}`, context), context);
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
