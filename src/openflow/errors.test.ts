import { describe, expect, it, test } from 'vitest';
import { Reader, Writer } from './bytes.ts';
import { errorCode, errorNamed, OpenFlowError } from './errors.ts';
import { allVersions, isWithin, readRange, versionName, versionNamed, versionText } from './versions.ts';

describe('errors of OpenFlow', () => {
  test.each([
    ['OFPBRC_BAD_TYPE', 1, { experimenter: 0, type: 1, code: 1 }],
    ['OFPBRC_BAD_TABLE_ID', 1, { experimenter: 0x2320, type: 1, code: 512 }],
    ['OFPBRC_BAD_TABLE_ID', 2, { experimenter: 0, type: 1, code: 9 }],
    ['OFPBMC_BAD_PREREQ', 3, { experimenter: 0, type: 4, code: 9 }],
    ['OFPGMFC_BAD_BUCKET', 2, undefined],
  ] as const)('%s in version %i', (name, version, code) => {
    const found = errorCode(name, version);
    expect(found && { experimenter: found.experimenter, type: found.type, code: found.code }).toEqual(code);
    if (code !== undefined) expect(errorNamed(code, version)).toBe(name);
  });

  it('are nothing where nobody knows the numbers', () => {
    expect(errorNamed({ experimenter: 0, type: 77, code: 1 }, 4)).toBeUndefined();
  });
});

describe('versions', () => {
  it('go by names and ranges', () => {
    expect(allVersions.map((version) => versionNamed(versionName(version)))).toEqual(allVersions);
    expect([versionNamed('openflow13'), versionNamed('OpenFlow16'), versionText(4)]).toEqual([
      4,
      undefined,
      '1.3',
    ]);
    const within = (range: Parameters<typeof readRange>[0]) =>
      allVersions.filter((v) => isWithin(readRange(range), v));
    expect([within('all'), within('1.1-1.3'), within('1.4+'), within('1.0')]).toEqual([
      [1, 2, 3, 4, 5, 6],
      [2, 3, 4],
      [5, 6],
      [1],
    ]);
  });
});

describe('bytes', () => {
  it('are read as they were written, and no further', () => {
    const to = new Writer(1);
    to.u8(1);
    to.u16(2);
    to.u32(0xffffffff);
    to.u64(2n ** 63n);
    to.text('twelve', 5);
    to.octets(Uint8Array.of(9, 8));
    to.pad();
    to.setU16(1, 3);
    to.setU32(3, 7);
    const from = new Reader(to.written);
    expect([from.u8(), from.u16(), from.u32(), from.u64(), from.text(5)]).toEqual([
      1,
      3,
      7,
      2n ** 63n,
      'twel',
    ]);
    expect([...from.part(2).octets(2)]).toEqual([9, 8]);
    expect(from.left).toBe(2);
    expect(from.rest().left).toBe(2);
    expect(() => from.u8()).toThrow(OpenFlowError);
  });
});
