import { expect, test } from 'vitest';
import { linkModesOf } from './link-modes.ts';

const plain = {
  speed: undefined,
  duplex: undefined,
  port: 0xff,
  negotiates: false,
  advertised: 0,
  supported: 0,
};

test.each([
  ['nothing known', {}, { current: [], advertised: [], supported: [] }],
  ['a virtual device', { speed: 10_000, duplex: 'full', port: 0 }, { current: ['10000 full', 'copper'] }],
  ['half duplex', { speed: 100, duplex: 'half', negotiates: true }, { current: ['100 half', 'negotiation'] }],
  ['a speed that OpenFlow has no bit for', { speed: 25_000, port: 3 }, { current: ['fiber'] }],
  [
    'a network card',
    { advertised: 0x1000 | 0x40 | 0x2000, supported: 0x2f | 0x80000 | 0x40 | 0x80 | 0x6000 },
    {
      advertised: ['10000 full', 'negotiation', 'pause'],
      supported: [
        ...['10 half', '10 full', '100 half', '100 full', '1000 full', '10000 full'],
        ...['copper', 'negotiation', 'pause', 'asymmetric pause'],
      ],
    },
  ],
] as const)('of %s', (_, settings, modes) => {
  expect(linkModesOf({ ...plain, ...settings })).toMatchObject(modes);
});
