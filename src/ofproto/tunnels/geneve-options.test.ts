import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newKey, readSlot, writeSlot } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { TlvTable } from '../tlv-table.ts';
import {
  maskWireOptions,
  optionsOnWire,
  placeOptions,
  wireOptionsOf,
  withPlacedOptions,
  withWireOptions,
} from './geneve-options.ts';

const sizeWord = slots.tun_metadata_present.word + 1;

/** Fields 0 and 1 are options of 4 and 8 bytes. */
function table(): TlvTable {
  const made = new TlvTable();
  const mappings = [4, 8].map((optionSize, index) => ({
    optionClass: 0x102,
    optionType: index,
    optionSize,
    index,
  }));
  made.change({ command: 'add', mappings }, () => false);
  return made;
}

function keyWith(bytes: readonly number[]): Uint32Array {
  const key = newKey();
  writeSlot(key, 'tun_metadata', [
    ...bytes,
    ...new Array<number>(slots.tun_metadata.size - bytes.length).fill(0),
  ]);
  key[sizeWord] = bytes.length;
  return key;
}

const option = (type: number, data: readonly number[]): number[] => [1, 2, type, data.length / 4, ...data];
const first = option(0, [1, 2, 3, 4]);
const second = option(1, [1, 2, 3, 4, 5, 6, 7, 8]);

test('options that fields stand for come back as they lay on the wire', () => {
  const placed = newKey();
  expect(placeOptions(keyWith([...second, ...first]), table(), placed)).toBe(true);
  expect([...wireOptionsOf(placed, table())]).toEqual([...first, ...second]);
});

test('a key with placed options is that of a datapath again', () => {
  const key = keyWith([...first, ...second]);
  const placed = withPlacedOptions(key, table()) ?? expect.unreachable();
  expect(placed).not.toEqual(key);
  expect(withWireOptions(placed, table())).toEqual(key);
  expect(withWireOptions(newKey(), table())).toEqual(newKey());
});

test('others are left out, unless they are critical', () => {
  const placed = newKey();
  expect(placeOptions(keyWith([...option(9, [1, 2, 3, 4]), ...first]), table(), placed)).toBe(true);
  expect([...wireOptionsOf(placed, table())]).toEqual(first);
  expect(placeOptions(keyWith(option(0x89, [])), table(), placed)).toBe(false);
});

test('an option of another length than its field has makes no sense', () => {
  expect(placeOptions(keyWith(option(0, [])), table(), newKey())).toBe(false);
});

test('a mask looks at which options there are, and at the bits of fields that were looked at', () => {
  const key = keyWith([...first, ...option(9, [1, 2, 3, 4])]);
  const mask = newKey();
  const field = table().find(0x102, 0)?.field;
  mask[field?.place.word ?? 0] = 0x00ff_0000;
  maskWireOptions(key, table(), mask);
  expect([...readSlot(mask, 'tun_metadata').subarray(0, 16)]).toEqual([
    ...[0xff, 0xff, 0xff, 0x1f, 0, 0xff, 0, 0],
    ...[0xff, 0xff, 0xff, 0x1f, 0, 0, 0, 0],
  ]);
  expect(mask[sizeWord]).toBe(0xffffffff);
});

test('whatever bytes come, they are options or not', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { maxLength: 63 }), (words) => {
      const key = keyWith(words.flatMap((byte) => [byte, 2, byte & 0x83, byte & 3]));
      const placed = newKey();
      const isGood = placeOptions(key, table(), placed);
      expect(optionsOnWire(key, table()) === undefined || isGood).toBe(true);
      maskWireOptions(key, table(), newKey());
    }),
  );
});
