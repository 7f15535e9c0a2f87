import { describe, expect, test } from 'vitest';
import { ctState } from '../../../flow/ct-state.ts';
import { newKey, setSlot } from '../../../flow/key.ts';
import { matchOn } from '../../../flow/match.ts';
import { slots } from '../../../flow/slots.ts';
import type { Ofproto } from '../../ofproto.ts';
import { packetMetadata } from '../../packet-metadata.ts';
import { FrozenStates, ownWordsOf, thaw } from './frozen-states.ts';

const ofproto = { id: 1 } as Partial<Ofproto> as Ofproto; // nothing else of it is read
const userdata = new Uint8Array(0);

function flowWith(metadata: number, reg0: number): Uint32Array {
  const flow = newKey();
  flow[slots.in_port.word] = 7;
  flow[slots.eth_src.word] = 9;
  flow[slots.metadata.word + 1] = metadata;
  flow[slots.regs.word] = reg0;
  return flow;
}

describe('states of packets that leave', () => {
  test('are the same for the same, and others for others', () => {
    const states = new FrozenStates();
    const idOf = (flow: Uint32Array, table = 0) =>
      states.intern(
        { ofproto, table, isTracked: false, mirrored: 0, ownWords: ownWordsOf(flow), userdata },
        1,
      ).id;
    expect(idOf(flowWith(1, 2))).toBe(idOf(flowWith(1, 2)));
    expect(idOf(flowWith(1, 2))).not.toBe(idOf(flowWith(1, 3)));
    expect(idOf(flowWith(1, 2))).not.toBe(idOf(flowWith(1, 2), 5));
  });

  test('get another number in another translation, unless a flow holds them', () => {
    const states = new FrozenStates();
    const made = (translation: number) =>
      states.intern(
        { ofproto, table: 0, isTracked: false, mirrored: 0, ownWords: ownWordsOf(flowWith(1, 2)), userdata },
        translation,
      );
    const first = made(states.begin());
    const second = made(states.begin());
    expect(second.id).toBe(first.id + 1);
    expect(states.find(first.id)).toBe(first);
    second.flowCount++;
    expect(made(states.begin())).toBe(second);
  });

  test('have what the pipeline knew, and headers as they come back', () => {
    const states = new FrozenStates();
    const ownWords = ownWordsOf(flowWith(1, 2));
    const state = states.intern({ ofproto, table: 0, isTracked: false, mirrored: 0, ownWords, userdata }, 1);
    const key = newKey().subarray(0, slots.tun_id.word);
    key[slots.in_port.word] = 100;
    key[slots.eth_src.word] = 11;
    const flow = thaw(state, key);
    expect(states.find(state.id)).toBe(state);
    expect(flow[slots.in_port.word]).toBe(7);
    expect(flow[slots.eth_src.word]).toBe(11);
    expect(flow[slots.regs.word]).toBe(2);
  });
});

describe('what controllers are told of a packet', () => {
  test('is its port, and whole fields that are not zero', () => {
    const plain = newKey();
    plain[slots.in_port.word] = 3;
    expect(packetMetadata(plain)).toEqual(matchOn({ in_port: 3 }));
    const { mask } = packetMetadata(flowWith(1, 0));
    expect([...mask.words]).toEqual([slots.in_port.word, slots.metadata.word, slots.metadata.word + 1]);
    expect([...mask.bits].every((bits) => bits >>> 0 === 0xffffffff)).toBe(true);
  });

  test('is the packet that began its connection, of one that belongs to one', () => {
    const tracked = (state: number): Uint32Array => {
      const key = newKey();
      setSlot(key, 'ct_state', ctState.tracked | state);
      setSlot(key, 'ct_nw_src', 0x0a000001);
      return key;
    };
    const tells = (state: number): boolean =>
      packetMetadata(tracked(state)).mask.words.includes(slots.ct_nw_src.word);
    expect([ctState.new, ctState.established, ctState.reply].map(tells)).toEqual([true, true, true]);
    expect([ctState.invalid, ctState.related].map(tells)).toEqual([false, false]);
  });
});
