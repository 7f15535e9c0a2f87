import { describe, expect, test } from 'vitest';
import { dpPort } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import { newKey, setSlot, writeSlot } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { type SFlowPort, sFlowSampleOf } from './sflow-sample.ts';

const bytes = new Uint8Array(60);
const ports: Readonly<Record<number, SFlowPort>> = {
  1: { index: 11, type: 'vxlan' },
  2: { index: 0, type: 'gre' },
};
const output = (port: number): DpAction => ({ do: 'output', port: dpPort(port) });

/** Records by their format, as words. */
function recordsOf(key: Uint32Array, actions: readonly DpAction[], outputs = 7): Map<number, number[]> {
  const cookie = { type: 'sFlow', vlanTci: 0x7005, output: outputs } as const;
  const { records } = sFlowSampleOf({ key, bytes }, { cookie, actions }, (port) => ports[port], 128);
  return new Map(
    records.map((record) => {
      const view = new DataView(record.buffer);
      const words = Array.from({ length: record.length / 4 - 2 }, (_, n) => view.getUint32(8 + 4 * n));
      return [view.getUint32(0), words];
    }),
  );
}

function arrived(): Uint32Array {
  const key = newKey();
  setSlot(key, 'in_port', 1);
  return key;
}

describe('of a sampled packet sFlow tells', () => {
  test('the interface that it came by, and its tags', () => {
    const key = arrived();
    setSlot(key, 'vlan_tci', 0x3009);
    const cookie = { type: 'sFlow', vlanTci: 0x7005, output: 7 } as const;
    const sample = sFlowSampleOf({ key, bytes }, { cookie, actions: [] }, (port) => ports[port], 128);
    expect(sample).toMatchObject({ input: 11, output: 7 });
    expect(recordsOf(key, []).get(1001)).toEqual([9, 1, 5, 3]);
  });

  test('the tunnel that it came by', () => {
    const key = arrived();
    setSlot(key, 'tun_src', 0x01010101);
    setSlot(key, 'tun_dst', 0x02020202);
    setSlot(key, 'tun_tos', 9);
    setSlot(key, 'tun_tp_src', 1234);
    setSlot(key, 'tun_tp_dst', 4789);
    writeSlot(key, 'tun_id', [0, 0, 0, 0, 0, 0, 1, 2]);
    const records = recordsOf(key, []);
    expect(records.get(1024)).toEqual([0, 17, 0x01010101, 0x02020202, 1234, 4789, 0, 9]);
    expect(records.get(1030)).toEqual([0x102]);
  });

  test('the tunnel that it leaves by, whose protocol the port tells where the actions do not', () => {
    const word = (slot: keyof typeof slots, value: number): number => value << slots[slot].shift;
    const whole = [0xffffffff];
    const tunnel: DpAction = {
      do: 'set',
      header: 'tunnel',
      fields: [
        { slot: 'tun_id', value: [0, 456], mask: [0xffffffff, 0xffffffff] },
        { slot: 'tun_dst', value: [0x01010101], mask: whole },
        { slot: 'tun_tos', value: [word('tun_tos', 1)], mask: whole },
      ],
    };
    const records = recordsOf(arrived(), [tunnel, output(2)]);
    expect(records.get(1023)).toEqual([0, 47, 0, 0x01010101, 0, 0, 0, 1]);
    expect(records.get(1029)).toEqual([456]);
    expect(recordsOf(arrived(), [tunnel, output(2)], 0x8000_0002).has(1023)).toBe(false);
    expect(recordsOf(arrived(), [tunnel, tunnel, output(2)]).has(1023)).toBe(false);
  });

  test('the headers that are pushed in front of it', () => {
    const push: DpAction = {
      do: 'tnl_push',
      tunnelPort: dpPort(2),
      outPort: dpPort(3),
      header: {
        ethernet: { dst: [0, 0, 0, 0, 0, 1], src: [0, 0, 0, 0, 0, 2], type: 0x0800 },
        ip: {
          version: 4,
          src: [1, 1, 2, 88],
          dst: [1, 1, 2, 92],
          protocol: 17,
          tos: 3,
          ttl: 64,
          fragment: 0,
        },
        tunnel: { type: 'vxlan', udp: { src: 5, dst: 4789, checksum: 0 }, flags: 8, vni: 77 },
      },
    };
    const records = recordsOf(arrived(), [{ do: 'clone', actions: [push] }]);
    expect(records.get(1023)).toEqual([0, 17, 0x01010258, 0x0101025c, 5, 4789, 0, 3]);
    expect(records.get(1029)).toEqual([77]);
  });

  test('its labels: those that it came with, less what was popped, and what was pushed', () => {
    const key = arrived();
    setSlot(key, 'eth_type', 0x8847);
    setSlot(key, 'mpls_lse', 0x0000b040);
    setSlot(key, 'mpls_lse2', 0x0000c140);
    const push: DpAction = { do: 'push_mpls', lse: 0x0000d040, etherType: 0x8847 };
    const pop: DpAction = { do: 'pop_mpls', etherType: 0x8847 };
    const stackOf = (actions: DpAction[]): number[] | undefined =>
      recordsOf(key, actions).get(1006)?.slice(4);
    expect(stackOf([push, output(3)])).toEqual([0xd040, 0xb040, 0xc140]);
    expect(stackOf([pop, output(3)])).toEqual([0xc140]);
    expect(stackOf([pop, pop, pop, output(3)])).toBeUndefined();
    expect(stackOf([push, push, output(3)])).toBeUndefined();
  });
});
