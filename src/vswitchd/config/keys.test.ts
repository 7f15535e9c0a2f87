import { describe, expect, test } from 'vitest';
import { bridgeKeys, controllerKeys, portKeys, systemKeys } from './config-keys.ts';
import { readKeys } from './keys.ts';

describe('keys inside other_config', () => {
  test('have their defaults when absent', () => {
    expect(readKeys(bridgeKeys, new Map())).toMatchObject({
      datapathId: undefined,
      hwaddr: undefined,
      macAgingTime: 300,
      macTableSize: 8192,
      forwardBpdu: false,
      multicastAgingTime: 300,
      multicastTableSize: 2048,
      keepsUnregistered: false,
      description: undefined,
      serialNumber: undefined,
      disableInBand: false,
      inBandQueue: undefined,
      controllerQueueSize: 100,
    });
  });

  test.each([
    ['0', 0],
    ['63', 63],
    ['64', 48],
    ['-1', 48],
    ['', 48],
  ])('dscp=%s marks with %i', (text, dscp) => {
    expect(readKeys(controllerKeys, new Map([['dscp', text]])).dscp).toBe(dscp);
  });

  test.each([
    ['10', 15],
    ['15', 15],
    ['3600', 3600],
    ['99999', 3600],
    ['0', 300],
    ['-5', 15],
    ['x', 300],
    ['', 300],
    ['1e3', 300],
  ])('mac-aging-time=%s is %i seconds', (text, seconds) => {
    expect(readKeys(bridgeKeys, new Map([['mac-aging-time', text]])).macAgingTime).toBe(seconds);
  });

  test.each([
    ['0000001122334455', '0000001122334455'],
    ['0x1122334455', '0000001122334455'],
    ['1122334455', undefined],
    ['0000000000000000', undefined],
    ['00000011223344556', undefined],
  ])('datapath-id=%s is %s', (text, id) => {
    expect(readKeys(bridgeKeys, new Map([['datapath-id', text]])).datapathId).toBe(id);
  });

  test.each([
    ['never', 'never'],
    ['always', 'always'],
    ['true', 'if-nonzero'],
    ['maybe', 'never'],
    ['toString', 'never'],
  ])('priority-tags=%s is %s', (text, choice) => {
    expect(readKeys(portKeys, new Map([['priority-tags', text]])).priorityTags).toBe(choice);
  });

  test('a truth value is true or false and nothing else', () => {
    expect(readKeys(systemKeys, new Map([['enable-statistics', 'TRUE']])).enableStatistics).toBe(false);
  });
});
