import { describe, expect, test } from 'vitest';
import type { DpAction } from '../../datapath/actions.ts';
import { formatDpActions } from '../../datapath/text/actions.ts';
import { fields } from '../../flow/fields/index.ts';
import { getSlot, maskSlot, newKey, setSlot, writeSlot } from '../../flow/key.ts';
import { datapathWordCount, slots } from '../../flow/slots.ts';
import { commit, committedSlots, type HeaderCommit } from './commit.ts';

/** What brings a packet from one state to another. */
function actionsFor(base: Uint32Array, flow: Uint32Array, more: Partial<HeaderCommit> = {}): string {
  const actions: DpAction[] = [];
  commit({ base, flow, mask: newKey(), actions, ...more });
  return formatDpActions(actions);
}

function tcpPacket(): Uint32Array {
  const key = newKey();
  setSlot(key, 'eth_type', 0x0800);
  setSlot(key, 'nw_proto', 6);
  setSlot(key, 'nw_ttl', 64);
  return key;
}

describe('a commit', () => {
  test('writes every field of a header that actions may write', () => {
    /** Tags and labels come and go; a tunnel's fields are those of the port by which a packet leaves. */
    const others = ['vlan_tci', 'mpls_lse', 'in_port', 'ct_mark', 'ct_label'];
    const left = [...fields.values()].filter(
      ({ slot, isWritable }) =>
        isWritable &&
        slots[slot].word < datapathWordCount &&
        !slot.startsWith('tun_') &&
        !others.includes(slot) &&
        !committedSlots.has(slot),
    );
    expect(left.map(({ name }) => name)).toEqual([]);
  });

  test('does nothing to a packet that is as it should be', () => {
    expect(actionsFor(tcpPacket(), tcpPacket())).toBe('drop');
  });

  test('writes what changed and no more, with the bits that decided', () => {
    const flow = tcpPacket();
    const mask = newKey();
    setSlot(flow, 'nw_tos', 0x10);
    setSlot(mask, 'nw_tos', 0xfc);
    maskSlot(mask, 'nw_src');
    setSlot(flow, 'tp_dst', 80);
    expect(actionsFor(tcpPacket(), flow, { mask })).toBe('set(ipv4(tos=0x10/0xfc)),set(tcp(dst=80/0x50))');
  });

  test('makes the base what the flow is, so that a second one does nothing', () => {
    const [base, flow] = [tcpPacket(), tcpPacket()];
    setSlot(flow, 'nw_src', 0x01020304);
    setSlot(flow, 'skb_priority', 7);
    expect(actionsFor(base, flow)).toBe('set(ipv4(src=1.2.3.4/1.2.3.4)),set(skb_priority(0x7/0x7))');
    expect(actionsFor(base, flow)).toBe('drop');
  });

  test('takes an Ethernet header off and puts one on', () => {
    const [base, flow] = [tcpPacket(), tcpPacket()];
    setSlot(flow, 'packet_type', 0x10800);
    expect(actionsFor(base, flow)).toBe('pop_eth');
    setSlot(flow, 'packet_type', 0);
    writeSlot(flow, 'eth_src', Uint8Array.of(2, 0, 0, 0, 0, 1));
    expect(actionsFor(base, flow, { pending: { kind: 'ethernet' } })).toBe(
      'push_eth(src=02:00:00:00:00:01,dst=00:00:00:00:00:00)',
    );
    expect(actionsFor(base, flow)).toBe('drop');
  });

  test('counts a packet behind a label as one with the Ethernet header that is behind it', () => {
    const [base, flow] = [tcpPacket(), newKey()];
    setSlot(flow, 'packet_type', 0x18847);
    setSlot(flow, 'eth_type', 0x8847);
    setSlot(flow, 'mpls_lse', 0x140);
    const pending = { kind: 'mpls' } as const;
    expect(actionsFor(base, flow, { pending })).toBe('add_mpls(label=0,tc=0,ttl=64,bos=1,eth_type=0x8847)');
    expect(getSlot(base, 'packet_type')).toBe(0);
    expect(actionsFor(base, flow)).toBe('pop_eth');
    expect(actionsFor(base, flow)).toBe('drop');
  });
});
