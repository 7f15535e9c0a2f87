import { describe, expect, test } from 'vitest';
import { changedAsyncConfig, defaultAsyncConfig, isSent } from './async-messages.ts';

describe('what is sent unasked', () => {
  test('by default is all but what TTLs that ran out send, and of ports alone to secondaries', () => {
    const config = defaultAsyncConfig(4);
    expect(isSent(config, { isSecondary: false, kind: 'packetIn', reason: 1 })).toBe(true);
    expect(isSent(config, { isSecondary: false, kind: 'packetIn', reason: 2 })).toBe(false);
    expect(isSent(config, { isSecondary: true, kind: 'packetIn', reason: 1 })).toBe(false);
    expect(isSent(config, { isSecondary: true, kind: 'portStatus', reason: 2 })).toBe(true);
    expect(isSent(config, { isSecondary: false, kind: 'flowRemoved', reason: 5 })).toBe(false);
    expect(isSent(defaultAsyncConfig(5), { isSecondary: false, kind: 'flowRemoved', reason: 5 })).toBe(true);
  });

  test('is changed in part by properties, and as a whole by the forms before', () => {
    const value = { primary: { packetIn: 1 }, secondary: {} };
    const before = { primary: { packetIn: 2, roleStatus: 7 }, secondary: { portStatus: 7 } };
    const changed = (form: string, version: 4 | 5) => changedAsyncConfig(before, { value, form, version });
    expect(changed('OFPT_SET_ASYNC', 5)).toEqual({
      primary: { packetIn: 1, roleStatus: 7 },
      secondary: { portStatus: 7 },
    });
    expect(changed('OFPT_SET_ASYNC', 4)).toEqual(value);
    expect(changed('NXT_SET_ASYNC_CONFIG', 5)).toEqual(value);
  });
});
