/** Rules for benches of the classifier. */
import type { Random } from '../../src/base/random.ts';
import { newKey, setSlot } from '../../src/flow/key.ts';
import { internMask } from '../../src/flow/mask.ts';
import type { Match } from '../../src/flow/match.ts';

const tuple = newKey();
setSlot(tuple, 'eth_type', 0xffff);
setSlot(tuple, 'nw_proto', 0xff);
for (const slot of ['nw_src', 'nw_dst', 'tp_src', 'tp_dst'] as const) setSlot(tuple, slot, 0xffffffff);

const mask = internMask(tuple);

/** Addresses and ports of a TCP connection, chosen at random. */
export function fiveTupleKey(random: Random): Uint32Array {
  const key = newKey();
  setSlot(key, 'eth_type', 0x0800);
  setSlot(key, 'nw_proto', 6);
  for (const slot of ['nw_src', 'nw_dst'] as const) setSlot(key, slot, random.u32());
  for (const slot of ['tp_src', 'tp_dst'] as const) setSlot(key, slot, random.u32() & 0xffff);
  return key;
}

export function fiveTuple(random: Random): Match {
  return { mask, values: mask.pack(fiveTupleKey(random)) };
}
