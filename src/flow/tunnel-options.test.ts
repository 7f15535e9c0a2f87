import { describe, expect, it, test } from 'vitest';
import { fieldNamed } from './fields/index.ts';
import { keyValues } from './key-values.ts';
import { isSameMatch } from './match.ts';
import { MatchBuilder } from './match-text.ts';
import { formatOption, lengthened, maskedOption } from './tunnel-options.ts';

const ports = { read: Number, format: String };

function built(text: string): MatchBuilder {
  const builder = new MatchBuilder();
  for (const { name, value } of keyValues(text)) builder.take(name, value, ports);
  return builder;
}

function textOf(text: string): string {
  return (built(text).match.options ?? []).map(formatOption).join();
}

describe('options of tunnels in a match', () => {
  test.each([
    ['tun_metadata0', 'tun_metadata0'],
    ['tun_metadata0=0', 'tun_metadata0=0'],
    ['tun_metadata0=*', 'tun_metadata0'],
    ['tun_metadata0=0/1', 'tun_metadata0=0/0x1'],
    ['tun_metadata0=0x34/0xff00ff', 'tun_metadata0=0x34/0xff00ff'],
    ['tun_metadata0=0x134/0xff', 'tun_metadata0=0x34/0xff'],
    ['tun_metadata0=-1', 'tun_metadata0=0xffffffffffffffff'],
    ['tun_metadata63=7,tun_metadata2=5', 'tun_metadata2=0x5,tun_metadata63=0x7'],
  ])('%s is %s', (text, shown) => {
    expect(textOf(text)).toBe(shown);
  });

  test.each([
    ['tun_metadata0,tun_metadata0=1', 'field tun_metadata0 set multiple times'],
    [
      [1, 2, 3].map((n) => `tun_metadata${n}=0x${'ab'.repeat(124)}`).join(),
      'field tun_metadata3 exceeds maximum size for tunnel metadata (used 372, max 256)',
    ],
  ])('%s is refused', (text, why) => {
    expect(() => built(text)).toThrow(expect.objectContaining({ why }));
  });

  it('makes matches differ that are alike in all else', () => {
    const same = (a: string, b: string): boolean => isSameMatch(built(a).match, built(b).match);
    expect(same('tun_metadata1=0x0005', 'tun_metadata1=5')).toBe(true);
    expect(same('tun_metadata1=5', 'tun_metadata2=5')).toBe(false);
    expect(same('tun_metadata1=5', 'tun_metadata1=5/0xff')).toBe(false);
    expect(same('tun_metadata1=5', 'ip')).toBe(false);
  });

  it('says what it says of a field in all of its bytes', () => {
    const field = fieldNamed('tun_metadata4');
    if (field === undefined) throw new Error('no such field');
    const { value, mask } = maskedOption(field, built('tun_metadata4=0x102/0xfff').match.options);
    expect([value.length, [...value.slice(-3)], [...mask.slice(-3)]]).toEqual([124, [0, 1, 2], [0, 15, 255]]);
    expect(
      built('tun_metadata4=0x102')
        .get(field)
        .mask.every((byte) => byte === 0xff),
    ).toBe(true);
  });

  it('is one on all bits of an option where its mask turns out to have them', () => {
    const sizes = new Map([[0, 4]]);
    const text = (said: string): string =>
      lengthened(built(said).match.options ?? [], sizes)
        .map(formatOption)
        .join();
    expect(text('tun_metadata0=0xab/0xff')).toBe('tun_metadata0=0xab/0xff');
    expect(text('tun_metadata0=0xab/0xffffffff')).toBe('tun_metadata0=0xab');
    expect(text('tun_metadata0')).toBe('tun_metadata0');
    expect(text('tun_metadata0=0')).toBe('tun_metadata0=0');
  });
});
