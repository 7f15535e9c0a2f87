import { describe, expect, test } from 'vitest';
import { ofPort } from '../../base/units.ts';
import { newKey } from '../../flow/key.ts';
import { internMask } from '../../flow/mask.ts';
import { type Match, matchOn, packKey, packMatch, unpackKey } from '../../flow/match.ts';
import { slots } from '../../flow/slots.ts';
import type { Ofproto } from '../ofproto.ts';
import { nothing, type TableLookup } from './lookups.ts';
import { RuleChanges } from './rule-changes.ts';

const [ofproto, other] = [1, 2].map((id) => ({ id }) as Partial<Ofproto> as Ofproto); // nothing else is read
const one = ofproto as Ofproto;

/** A flow for packets with those values, of which translation looked at all. */
function flowOn(values: Parameters<typeof matchOn>[0], lookup: Partial<TableLookup> = {}) {
  const key = unpackKey(matchOn(values));
  const { mask } = matchOn(values);
  return {
    key: packKey(key),
    mask,
    lookups: [{ ofproto: one, table: 3, inPort: ofPort(7), rewritten: nothing, ...lookup }],
  };
}

function changed(...matches: readonly Match[]): RuleChanges {
  const changes = new RuleChanges();
  for (const match of matches) changes.add({ ofproto: one, table: 3, match });
  return changes;
}

const packet = { eth_type: 0x800, nw_proto: 17, tp_src: 5, tp_dst: 53 };

describe('a rule that comes or goes', () => {
  test('concerns the flows that it may match, among many', () => {
    const rules = Array.from({ length: 100 }, (_, n) =>
      matchOn({ eth_type: 0x800, nw_proto: 17, tp_src: n }),
    );
    const changes = changed(...rules);
    expect(changes.mayConcern(flowOn(packet))).toBe(true);
    expect(changes.mayConcern(flowOn({ ...packet, tp_src: 100 }))).toBe(false);
    expect(changes.mayConcern(flowOn({ ...packet, nw_proto: 6 }))).toBe(false);
    expect(new RuleChanges().mayConcern(flowOn(packet))).toBe(false);
  });

  test('concerns flows that did not look at what it matches on', () => {
    const flow = flowOn({ eth_type: 0x800 });
    expect(changed(matchOn({ eth_type: 0x800, tp_src: 99 })).mayConcern(flow)).toBe(true);
    expect(changed(matchOn({ eth_type: 0x806, tp_src: 99 })).mayConcern(flow)).toBe(false);
    expect(changed(packMatch(newKey(), newKey())).mayConcern(flow)).toBe(true);
  });

  test('concerns only flows that looked into its table', () => {
    const changes = changed(matchOn({ tp_src: 5 }));
    expect(changes.mayConcern(flowOn(packet, { table: 4 }))).toBe(false);
    expect(changes.mayConcern(flowOn(packet, { ofproto: other as Ofproto }))).toBe(false);
  });

  test('is compared with the port of the bridge, and with registers as they begin', () => {
    expect(changed(matchOn({ in_port: 7 })).mayConcern(flowOn(packet))).toBe(true);
    expect(changed(matchOn({ in_port: 8 })).mayConcern(flowOn(packet))).toBe(false);
    expect(changed(matchOn({ metadata: 1 })).mayConcern(flowOn(packet))).toBe(false);
    const bits = newKey();
    bits.fill(0xffffffff, slots.metadata.word, slots.metadata.word + 2);
    const written = flowOn(packet, { rewritten: internMask(bits) });
    expect(changed(matchOn({ metadata: 1 })).mayConcern(written)).toBe(true);
  });

  test('may match what actions had rewritten', () => {
    const bits = newKey();
    bits[slots.tp_src.word] = 0xffffffff;
    const flow = flowOn(packet, { rewritten: internMask(bits) });
    expect(changed(matchOn({ tp_src: 99 })).mayConcern(flow)).toBe(true);
    expect(changed(matchOn({ nw_proto: 6, tp_src: 99 })).mayConcern(flow)).toBe(false);
  });

  test('may match by whatever conjunction', () => {
    expect(changed(matchOn({ conj_id: 5 })).mayConcern(flowOn(packet))).toBe(true);
  });
});
