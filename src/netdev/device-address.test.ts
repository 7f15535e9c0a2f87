import { expect, test } from 'vitest';
import { addressOfDevice } from './device-address.ts';

test('the loopback device has its address, and a device that is not there none', () => {
  expect(addressOfDevice('lo')).toBe('127.0.0.1');
  expect(addressOfDevice('no-such-device')).toBeUndefined();
});
