import { expect, test } from 'vitest';
import { hex, udpPacket } from '../../../test/conformance/packets.ts';
import { seededRandom } from '../../base/random.ts';
import { ms } from '../../base/units.ts';
import { ctState } from '../../flow/ct-state.ts';
import { extractKey } from '../../flow/extract.ts';
import { newKey } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { Frame } from '../../wire/frame.ts';
import type { Nat } from '../actions.ts';
import { ConnectionTracker } from '../conntrack/tracker.ts';
import { CurrentPacket } from './current-packet.ts';
import { FrameArena } from './frame-arena.ts';
import { PacketTracking } from './packet-tracking.ts';

const outside = '0a000009';
const toOutside: Nat = { direction: 'src', range: { min: [10, 0, 0, 9], minPort: 150 } };

/** One packet after the other through a tracker. */
class Rig {
  readonly #tracker = new ConnectionTracker(seededRandom(1));

  /** The bits of `ct_state`, and the packet as it then is. */
  track(
    bytes: Uint8Array,
    nat: Nat,
    commit?: 'commit',
  ): { readonly state: number; readonly after: Uint8Array } {
    const host = { vlanLimit: 1, flushOutputs() {}, drop() {} };
    const packet = new CurrentPacket(
      host,
      new FrameArena({ bytes: new Uint8Array(4096), address: 0 }),
      new Frame(),
    );
    const frame = new Frame(Uint8Array.from(bytes));
    frame.end = bytes.length;
    const key = newKey();
    extractKey(frame, key, 1, 0);
    packet.begin(frame, key, false);
    const tracking = new PacketTracking({ tracker: this.#tracker, now: ms(0) }, packet);
    tracking.track({ zone: 1, nat, ...(commit === undefined ? {} : { commit }) });
    const { bytes: memory, start, end } = packet.frame;
    return { state: key[slots.ct_state.word] ?? 0, after: memory.slice(start, end) };
  }
}

/** The packet that answers. */
function answerTo(bytes: Uint8Array): Uint8Array {
  const answer = Uint8Array.from(bytes);
  answer.copyWithin(26, 30, 34);
  answer.set(bytes.subarray(26, 30), 30);
  answer.copyWithin(34, 36, 38);
  answer.set(bytes.subarray(34, 36), 36);
  return answer;
}

test('a translated source is the destination of what answers, and so do the bits say', () => {
  const rig = new Rig();
  const sent = rig.track(udpPacket(), toOutside, 'commit');
  expect(sent.state).toBe(ctState.tracked | ctState.new | ctState.snat);
  expect(hex(sent.after.subarray(26, 30))).toBe(outside);
  const answer = rig.track(answerTo(sent.after), {});
  expect(answer.state).toBe(ctState.tracked | ctState.established | ctState.reply | ctState.dnat);
  expect(answer.after).toEqual(answerTo(udpPacket()));
});

test('a packet for which all is taken goes on as it is, and is still new', () => {
  const rig = new Rig();
  rig.track(udpPacket(), toOutside, 'commit');
  const other = udpPacket({ source: 1001 });
  for (let n = 0; n < 2; n++)
    expect(rig.track(other, toOutside, 'commit')).toEqual({
      state: ctState.tracked | ctState.new,
      after: other,
    });
});
