import { describe, expect, it } from 'vitest';
import { fieldNamed, fields } from './fields.ts';
import { slots } from './slots.ts';

describe('the field table', () => {
  it('lays every field inside its slot', () => {
    for (const [name, field] of fields) {
      const room = 8 * slots[field.slot].size;
      expect((field.low ?? 0) + field.width, name).toBeLessThanOrEqual(room);
      expect(8 * (field.bytes ?? 124), name).toBeGreaterThanOrEqual(field.width);
    }
  });

  it('gives each number to one field', () => {
    const numbers = [...fields.values()].flatMap((f) =>
      [f.nxm, f.oxm].filter((n) => n !== undefined).map(String),
    );
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('finds fields by name and by alias', () => {
    expect(fieldNamed('dl_src')?.name).toBe('eth_src');
    expect(fieldNamed('tp_dst')?.name).toBe('tcp_dst');
    expect(fieldNamed('tun_metadata63')?.field.nxm).toEqual([1, 103]);
    expect(fieldNamed('xxreg3')?.field).toMatchObject({ low: 0, width: 128, nxm: [1, 114] });
    expect(fieldNamed('reg0')?.field.low).toBe(480);
    expect(fieldNamed('no_such_field')).toBeUndefined();
  });
});
