import { expect, test, vi } from 'vitest';
import { newKey, setSlot } from '../../flow/key.ts';
import { internMask, type Mask } from '../../flow/mask.ts';
import { FlowCache, FlowEntry } from './flow-cache.ts';

function maskOf(...slots: ('eth_type' | 'tp_dst')[]): Mask {
  const bits = newKey();
  for (const slot of slots) setSlot(bits, slot, 0xffff);
  return internMask(bits);
}

function keyOf(etherType: number, port: number): Uint32Array {
  const key = newKey();
  setSlot(key, 'eth_type', etherType);
  setSlot(key, 'tp_dst', port);
  return key;
}

test('A lookup that is validated finds the same, and a hash that leads astray is found out', () => {
  const cache = new FlowCache(100);
  const [wide, narrow] = [maskOf('eth_type'), maskOf('eth_type', 'tp_dst')];
  const put = (id: number, mask: Mask, key: Uint32Array): void =>
    void cache.put(new FlowEntry(id, [], new Float64Array(4), 0), mask, mask.pack(key));
  put(0, wide, keyOf(0x1234, 0));
  for (let port = 1; port < 20; port++) put(port, narrow, keyOf(0x0800, port));
  cache.validates = true;
  let hash = 0;
  const lookup = (etherType: number, port: number) => cache.lookup(keyOf(etherType, port), hash++)?.id;
  expect([lookup(0x1234, 5), lookup(0x0800, 7), lookup(0x0800, 77)]).toEqual([0, 7, undefined]);
  const astray = vi.spyOn(narrow, 'hash').mockReturnValue(1);
  expect(() => lookup(0x0800, 8)).toThrow('a lookup found flow none where flow 8 matches');
  cache.validates = false;
  expect(lookup(0x0800, 8)).toBeUndefined();
  astray.mockRestore();
});
