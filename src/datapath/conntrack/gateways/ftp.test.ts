import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readIpv6 } from '../../../base/addresses.ts';
import { Malformed } from '../../../base/errors.ts';
import { readFtpAnnouncements } from './ftp.ts';

interface Row {
  readonly text: string;
  readonly isReply?: true;
  readonly version?: 6;
  /** Of the only announcement; undefined where there is none. */
  readonly port?: number;
  readonly address?: readonly number[];
  /** The text for 198.51.100.200 or 2001:db8::200, and port 258. */
  readonly rewritten?: string;
}

const own = [192, 0, 2, 9];
const own6 = [...readIpv6('2001:db8::9')];
const rows: readonly Row[] = [
  {
    text: 'PORT 192,0,2,9,4,1\r\n',
    port: 1025,
    address: own,
    rewritten: 'PORT 198,51,100,200,1,2\r\n',
  },
  { text: 'port \t 192,0,2,9,0,255 \n', port: 255, address: own, rewritten: 'port \t 198,51,100,200,1,2 \n' },
  {
    text: 'EPRT |1|192.0.2.9|6446|\r\n',
    port: 6446,
    address: own,
    rewritten: 'EPRT |1|198.51.100.200|258|\r\n',
  },
  { text: 'eprt  #1#192.0.2.9#1#\r\n', port: 1, address: own, rewritten: 'eprt  #1#198.51.100.200#258#\r\n' },
  {
    text: 'EPRT |2|2001:DB8:0::9|65535|\r\n',
    version: 6,
    port: 65535,
    address: own6,
    rewritten: 'EPRT |2|2001:db8::200|258|\r\n',
  },
  {
    text: '227 Entering Passive Mode (192,0,2,9,4,1).\r\n',
    isReply: true,
    port: 1025,
    address: own,
    rewritten: '227 Entering Passive Mode (198,51,100,200,1,2).\r\n',
  },
  {
    text: '227 =192,0,2,9,4,1\r\n',
    isReply: true,
    port: 1025,
    address: own,
    rewritten: '227 =198,51,100,200,1,2\r\n',
  },
  {
    text: '227 192,0,2,9,4,1\r\n',
    isReply: true,
    port: 1025,
    address: own,
    rewritten: '227 198,51,100,200,1,2\r\n',
  },
  {
    text: '229 Entering Extended Passive Mode (|||6446|)\r\n',
    isReply: true,
    version: 6,
    port: 6446,
    rewritten: '229 Entering Extended Passive Mode (|||258|)\r\n',
  },
  { text: '229 ok (!!!21!)\r\n', isReply: true, port: 21, rewritten: '229 ok (!!!258!)\r\n' },
  {
    text: '200 Type set\r\n227 ok (192,0,2,9,4,1)\r\n150 Here',
    isReply: true,
    port: 1025,
    address: own,
    rewritten: '200 Type set\r\n227 ok (198,51,100,200,1,2)\r\n150 Here',
  },
  // Nobody announces anything here.
  { text: '' },
  { text: 'USER anonymous\r\n' },
  { text: 'STOR PORT 192,0,2,9,4,1\r\n' },
  { text: 'PORTAL\r\n' },
  { text: '227 ok (192,0,2,9,4,1)\r\n' },
  { text: 'PORT 192,0,2,9,4,1\r\n', isReply: true },
  { text: 'PORT 192,0,2,9,4,1\r\n', version: 6 },
  { text: 'NOOP\r\nPORT 192,0,2,9,4\r\n' },
  { text: 'NOOP\r\nPORT 192,0,2,9,4,1' },
  { text: '2270 ok (192,0,2,9,4,1)\r\n', isReply: true },
  { text: '220 227 (192,0,2,9,4,1)\r\n', isReply: true },
];

const told = { 4: [198, 51, 100, 200], 6: readIpv6('2001:db8::200') } as const;

describe('A line of FTP', () => {
  test.each(rows)(
    'announces what it says: $text',
    ({ text, isReply, version: given, port, address, rewritten }) => {
      const version = given ?? 4;
      const found = readFtpAnnouncements(text, isReply === true, version);
      expect(found.map((announcement) => announcement.port)).toEqual(port === undefined ? [] : [port]);
      for (const announcement of found) {
        expect(announcement.address && Array.from(announcement.address)).toEqual(address);
        const { from, to } = announcement;
        const other = announcement.write(told[version], 258);
        expect(text.slice(0, from) + other + text.slice(to)).toBe(rewritten);
        expect(announcement.write(announcement.address ?? [], announcement.port)).toBe(
          text.slice(from, to).toLowerCase().replace(':0::', '::'),
        );
      }
    },
  );

  test.each<Row>([
    { text: 'PORT 192,0,2,9,4\r\n' },
    { text: 'PORT 192,0,2,256,4,1\r\n' },
    { text: 'PORT 192,0,2,9,4,256\r\n' },
    { text: 'PORT 192,0,2,9,0,0\r\n' },
    { text: 'PORT 192.0.2.9.4.1\r\n' },
    { text: 'PORT 192,0,2,9,4,1,1\r\n' },
    { text: 'PORT \r\n' },
    { text: 'PORT 192,0,2,9,4,1' }, // more digits may come
    { text: 'EPRT |2|192.0.2.9|6446|\r\n' },
    { text: 'EPRT |2|2001:db8::9|6446|\r\n' },
    { text: 'EPRT |1|192.0.2|6446|\r\n' },
    { text: 'EPRT |1|192.0.2.9|65536|\r\n' },
    { text: 'EPRT |1|192.0.2.9#6446|\r\n' },
    { text: 'EPRT |1|192.0.2.9|6446|\r\n', version: 6 },
    { text: 'EPRT |2|1:2:3:4:5:6:7|6446|\r\n', version: 6 },
    { text: '227 Entering Passive Mode\r\n', isReply: true },
    { text: '227 (192,0,2,9,4,1000)\r\n', isReply: true },
    { text: '227 (192,0,2,9,4,1', isReply: true },
    { text: '229 (|||6446)\r\n', isReply: true },
    { text: '229 (|||0|)\r\n', isReply: true },
    { text: '229 (||#6446|)\r\n', isReply: true },
  ])('that does not keep to its form is malformed: $text', ({ text, isReply, version }) => {
    expect(() => readFtpAnnouncements(text, isReply === true, version ?? 4)).toThrow(Malformed);
  });

  test('may follow others that announce something, too', () => {
    const text = 'PORT 192,0,2,9,4,1\r\nRETR x\r\nEPRT |1|192.0.2.9|7|\r\n';
    const ports = readFtpAnnouncements(text, false, 4).map(({ port, from, to }) => [
      port,
      text.slice(from, to),
    ]);
    expect(ports).toEqual([
      [1025, '192,0,2,9,4,1'],
      [7, '192.0.2.9|7'],
    ]);
  });

  test('is read or malformed, whatever it is', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'PORT ',
        'EPRT ',
        '227 ',
        '229 ',
        '|',
        ',',
        '(',
        ')',
        '\r\n',
        '|||',
        '192,0,2,9',
        '::',
        '1',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.nat().map(String),
    );
    const texts = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(texts, fc.boolean(), fc.constantFrom(4 as const, 6 as const), (text, isReply, version) => {
        try {
          for (const { port, from, to } of readFtpAnnouncements(text, isReply, version)) {
            expect(port).toBeGreaterThan(0);
            expect(port).toBeLessThan(65536);
            expect(from).toBeLessThan(to);
            expect(to).toBeLessThan(text.length);
          }
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('takes no longer than its length, however it is made', () => {
    const digits = '1,'.repeat(40_000);
    const start = performance.now();
    for (const text of [
      `227 ${digits}\n`,
      `229 ${'(|||1'.repeat(20_000)}\n`,
      `PORT ${' '.repeat(50_000)}x\n`,
    ])
      try {
        readFtpAnnouncements(text, text.startsWith('22'), 4);
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
