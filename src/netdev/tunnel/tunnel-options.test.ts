import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Refused } from '../../base/errors.ts';
import { showTunnelOptions } from './show-options.ts';
import { tunnelTypes } from './tunnel-config.ts';
import { readTunnelOptions } from './tunnel-options.ts';

const optionNames = [
  ...([
    'remote_ip',
    'local_ip',
    'key',
    'in_key',
    'out_key',
    'tos',
    'ttl',
    'dst_port',
    'csum',
    'seq',
  ] as const),
  ...([
    'df_default',
    'exts',
    'egress_pkt_mark',
    'erspan_ver',
    'erspan_idx',
    'erspan_dir',
    'erspan_hwid',
  ] as const),
  ...(['payload_type', 'packet_type', 'psk', 'nonsense', 'toString', '__proto__'] as const),
];
const value = fc.oneof(
  fc.constantFrom(
    'flow',
    'inherit',
    'true',
    'false',
    'gbp,gpe',
    '1.2.3.4',
    'fc00::1',
    '::',
    'ptap',
    'legacy_l3',
  ),
  fc.integer().map(String),
  fc.string(),
);
const options = fc
  .array(fc.tuple(fc.constantFrom(...optionNames), value), { maxLength: 6 })
  .map((pairs) => new Map<string, string>([['remote_ip', '192.0.2.1'], ...pairs]));
const type = fc.constantFrom(...tunnelTypes);
const none = (): boolean => false;

test('whatever an operator writes makes a tunnel or is refused', () => {
  fc.assert(
    fc.property(type, options, (type, options) => {
      try {
        const tunnel = readTunnelOptions(type, 't', options, none);
        expect(tunnel.dstPort).toBeLessThan(0x10000);
        expect(showTunnelOptions(tunnel).size).toBeGreaterThan(0);
      } catch (why) {
        expect(why).toBeInstanceOf(Refused);
      }
    }),
  );
});

test('what is shown of a tunnel reads as the same tunnel', () => {
  const isTunnel = (options: ReadonlyMap<string, string>): boolean =>
    !options.has('exts') && !options.get('erspan_ver')?.startsWith('flow');
  fc.assert(
    fc.property(type, options.filter(isTunnel), (type, options) => {
      let tunnel: ReturnType<typeof readTunnelOptions>;
      try {
        tunnel = readTunnelOptions(type, 't', options, none);
      } catch {
        return;
      }
      const shown = showTunnelOptions(tunnel);
      if ([...shown.values()].includes('::ffff:0.0.0.0') || shown.get('erspan_ver') === '0') return;
      const again = readTunnelOptions(type, 't', shown, none);
      expect(showTunnelOptions(again)).toEqual(shown);
      expect({ ...again, erspan: tunnel.erspan }).toEqual(tunnel);
    }),
  );
});

test.each([
  ['0x10', 16n],
  ['010', 8n],
  ['12x', 12n],
  ['x', 0n],
  ['-1', 0xffff_ffff_ffff_ffffn],
])('key=%s is %d', (text, key) => {
  const tunnel = readTunnelOptions(
    'gre',
    't',
    new Map([
      ['remote_ip', '192.0.2.1'],
      ['key', text],
    ]),
    none,
  );
  expect(tunnel).toMatchObject({ inKey: key, outKey: key });
});
