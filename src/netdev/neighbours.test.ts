import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hardwareAddress, nextHop } from './neighbours.ts';

const routes = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
br0\t00000000\t0200090A\t0003\t0\t0\t0\t00000000\t0\t0\t0
br0\t0000090A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
br0\t0000140A\t0300090A\t0000\t0\t0\t0\t0000FFFF\t0\t0\t0
`;
const entries = `IP address       HW type     Flags       HW address            Mask     Device
10.9.0.2         0x1         0x2         3a:3e:04:e2:51:e3     *        br0
10.9.0.3         0x1         0x0         00:00:00:00:00:00     *        br0
`;

test.each([
  ['10.9.0.2', '10.9.0.2'],
  ['10.9.0.77', '10.9.0.77'],
  ['192.0.2.1', '10.9.0.2'],
  ['10.20.0.1', '10.9.0.2'], // that route is down
])('what is for %s goes to %s', (address, hop) => {
  expect(nextHop(routes, address)).toBe(hop);
});

test('without a route there is no next hop', () => {
  expect(nextHop(routes.replace(/br0\t00000000.*\n/, ''), '192.0.2.1')).toBeUndefined();
});

test('only complete entries have an address', () => {
  expect(hardwareAddress(entries, '10.9.0.2')).toBe('3a:3e:04:e2:51:e3');
  expect(hardwareAddress(entries, '10.9.0.3')).toBeUndefined();
  expect(hardwareAddress(entries, '10.9.0.4')).toBeUndefined();
});

test('any text is a table of something or of nothing', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => nextHop(`head\n${text}`, '10.0.0.1')).not.toThrow();
      expect(() => hardwareAddress(`head\n${text}`, '10.0.0.1')).not.toThrow();
    }),
  );
});
