/** Each line of a conversation: a segment, the verdict, and both ends' states and the timeout, as ovs-vswitchd has them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectionState } from './protocol.ts';
import { newTcpState } from './tcp.ts';
import { tcpState } from './tcp-end.ts';
import { TrackedPacket } from './tracked-packet.ts';

const conversations: Readonly<Record<string, readonly string[]>> = {
  'a handshake, data, and a close that the client begins': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '> PSH+ACK seq 101 ack 501 size 10 | established | established established tcp_established',
    '< ACK seq 501 ack 111 | established | established established tcp_established',
    '< PSH+ACK seq 501 ack 111 size 20 | established | established established tcp_established',
    '> FIN+ACK seq 111 ack 521 | established | closing established tcp_fin_wait',
    '< ACK seq 521 ack 112 | established | finWait2 established tcp_fin_wait',
    '< FIN+ACK seq 521 ack 112 | established | finWait2 closing tcp_time_wait',
    '> ACK seq 112 ack 522 | established | finWait2 finWait2 tcp_close',
  ],
  'a close that the server begins, with one segment for its acknowledgement and the other FIN': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '< FIN+ACK seq 501 ack 101 | established | established closing tcp_fin_wait',
    '> FIN+ACK seq 101 ack 502 | established | closing finWait2 tcp_time_wait',
    '< ACK seq 502 ack 102 | established | finWait2 finWait2 tcp_close',
  ],
  'a close that both ends begin at once': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '> FIN+ACK seq 101 ack 501 | established | closing established tcp_fin_wait',
    '< FIN+ACK seq 501 ack 101 | established | finWait2 closing tcp_time_wait',
    '> ACK seq 102 ack 502 | established | finWait2 finWait2 tcp_close',
    '< ACK seq 502 ack 102 | established | finWait2 finWait2 tcp_close',
  ],
  'a close of one direction only, with data in the other one': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '> FIN+ACK seq 101 ack 501 | established | closing established tcp_fin_wait',
    '< ACK seq 501 ack 102 size 100 | established | finWait2 established tcp_fin_wait',
    '> ACK seq 102 ack 601 | established | finWait2 established tcp_fin_wait',
    '< ACK seq 601 ack 102 size 100 | established | finWait2 established tcp_fin_wait',
  ],
  'a connection that both ends open at once': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN seq 500 | new | synSent synSent tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | invalid | synSent synSent tcp_syn_sent',
    '> SYN+ACK seq 100 ack 501 | established | synSent established tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | synSent established tcp_syn_recv',
  ],
  'repeated segments of a handshake': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> SYN seq 100 | established | established synSent tcp_syn_recv',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '< SYN+ACK seq 500 ack 101 | established | established established tcp_established',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
  ],
  'repeated data and a repeated FIN': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 size 100 | established | established established tcp_established',
    '> ACK seq 101 ack 501 size 100 | established | established established tcp_established',
    '< ACK seq 501 ack 201 | established | established established tcp_established',
    '> FIN+ACK seq 201 ack 501 | established | closing established tcp_fin_wait',
    '> FIN+ACK seq 201 ack 501 | established | closing established tcp_fin_wait',
    '< FIN+ACK seq 501 ack 202 | established | finWait2 closing tcp_time_wait',
    '< FIN+ACK seq 501 ack 202 | established | finWait2 closing tcp_time_wait',
    '> ACK seq 202 ack 502 | established | finWait2 finWait2 tcp_close',
    '< FIN+ACK seq 501 ack 202 | established | finWait2 finWait2 tcp_close',
  ],
  'a SYN that begins anew when both ends have closed': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '> FIN+ACK seq 101 ack 501 | established | closing established tcp_fin_wait',
    '< FIN+ACK seq 501 ack 102 | established | finWait2 closing tcp_time_wait',
    '> SYN seq 90000 | invalid | finWait2 closing tcp_time_wait',
    '> ACK seq 102 ack 502 | established | finWait2 finWait2 tcp_close',
    '> SYN seq 90000 | anew | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 7 ack 90001 | established | established synSent tcp_syn_recv',
  ],
  'a port that refuses': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< RST+ACK seq 0 ack 101 | established | timeWait timeWait tcp_close',
    '> SYN seq 100 | anew | synSent closed tcp_syn_sent',
  ],
  'a RST that acknowledges number zero': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '< RST+ACK seq 501 ack 0 | established | timeWait timeWait tcp_close',
  ],
  'RSTs beside what was sent': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '< RST seq 503 | invalid | established established tcp_established',
    '< RST seq 499 | invalid | established established tcp_established',
    '< RST seq 502 | established | timeWait timeWait tcp_close',
  ],
  'a RST where the data ended, after old data and a probe came again': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 size 100 | established | established established tcp_established',
    '> ACK seq 101 ack 501 size 50 | established | established established tcp_established',
    '> ACK seq 900000 ack 501 | established | established established tcp_established',
    '> RST seq 900000 | invalid | established established tcp_established',
    '> RST seq 151 | invalid | established established tcp_established',
    '> RST seq 201 | established | timeWait timeWait tcp_close',
  ],
  'segments after a RST': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '> RST seq 101 | established | timeWait timeWait tcp_close',
    '< ACK seq 501 ack 900000 size 100 | stray | timeWait timeWait tcp_close',
    '< ACK seq 60000 ack 101 size 100 | stray | timeWait timeWait tcp_close',
    '< ACK seq 200000 ack 101 size 100 | invalid | timeWait timeWait tcp_close',
    '> FIN+ACK seq 101 ack 501 | established | timeWait timeWait tcp_close',
  ],
  'data outside of its window': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 window 1200 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '> ACK seq 101 ack 501 size 1201 | invalid | established established tcp_established',
    '> ACK seq 101 ack 501 size 1200 | established | established established tcp_established',
    '> ACK seq 1301 ack 501 size 1 | invalid | established established tcp_established',
    '< ACK seq 501 ack 1301 window 500 | established | established established tcp_established',
    '> ACK seq 1301 ack 501 size 501 | invalid | established established tcp_established',
    '> ACK seq 1301 ack 501 size 500 | established | established established tcp_established',
    '> ACK seq 600 ack 501 size 10 | invalid | established established tcp_established',
    '> ACK seq 601 ack 501 size 10 | established | established established tcp_established',
  ],
  'one byte into a window that is closed': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 window 0 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '> ACK seq 101 ack 501 size 2 | invalid | established established tcp_established',
    '> ACK seq 101 ack 501 size 1 | established | established established tcp_established',
  ],
  'acknowledgements that are far off': [
    '> SYN seq 100000 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500000 ack 100001 | established | established synSent tcp_syn_recv',
    '> ACK seq 100001 ack 500001 | established | established established tcp_established',
    '> ACK seq 100001 ack 567036 | established | established established tcp_established',
    '> ACK seq 100001 ack 567037 | invalid | established established tcp_established',
    '> ACK seq 100001 ack 432966 | established | established established tcp_established',
    '> ACK seq 100001 ack 432965 | invalid | established established tcp_established',
  ],
  'a probe whether the other end is there': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 | established | established established tcp_established',
    '> ACK seq 100 ack 501 | established | established established tcp_established',
    '> ACK seq 900000 ack 501 | established | established established tcp_established',
  ],
  'windows that both ends scale': [
    '> SYN seq 100 window 1000 scale 2 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 window 500 scale 3 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 window 100 | established | established established tcp_established',
    '> ACK seq 101 ack 501 size 505 window 100 | invalid | established established tcp_established',
    '> ACK seq 101 ack 501 size 504 window 100 | established | established established tcp_established',
    '< ACK seq 501 ack 605 window 100 | established | established established tcp_established',
    '> ACK seq 605 ack 501 size 801 window 100 | invalid | established established tcp_established',
    '> ACK seq 605 ack 501 size 800 window 100 | established | established established tcp_established',
  ],
  'windows that only one end would scale': [
    '> SYN seq 100 window 1000 scale 2 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 window 1000 | established | established synSent tcp_syn_recv',
    '> ACK seq 101 ack 501 window 1000 | established | established established tcp_established',
    '< ACK seq 501 ack 101 size 1001 window 1000 | invalid | established established tcp_established',
    '< ACK seq 501 ack 101 size 1000 window 1000 | established | established established tcp_established',
  ],
  'a scale beyond the largest one': [
    '> SYN seq 100 window 65535 scale 15 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 101 window 65535 scale 255 | established | established synSent tcp_syn_recv',
  ],
  'numbers that wrap around': [
    '> SYN seq 4294967200 window 2000 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 2147483600 ack 4294967201 window 2000 | established | established synSent tcp_syn_recv',
    '> ACK seq 4294967201 ack 2147483601 window 2000 | established | established established tcp_established',
    '> ACK seq 4294967201 ack 2147483601 size 1000 window 2000 | established | established established tcp_established',
    '< ACK seq 2147483601 ack 905 size 1000 window 2000 | established | established established tcp_established',
    '> ACK seq 905 ack 2147484601 size 1000 window 2000 | established | established established tcp_established',
    '> ACK seq 4294967201 ack 2147484601 size 1000 window 2000 | established | established established tcp_established',
    '> ACK seq 2905 ack 2147484601 size 1 window 2000 | invalid | established established tcp_established',
  ],
  'a connection whose begin was not seen': [
    '> ACK seq 100 ack 500 size 10 | new | synSent closed tcp_syn_sent',
    '< ACK seq 500 ack 110 size 100 | established | established synSent tcp_syn_recv',
    '> ACK seq 110 ack 600 | established | established established tcp_established',
    '> FIN+ACK seq 110 ack 600 | established | closing established tcp_fin_wait',
    '< FIN+ACK seq 600 ack 111 | established | finWait2 closing tcp_time_wait',
    '> ACK seq 111 ack 601 | established | finWait2 finWait2 tcp_close',
  ],
  'much data one way only of a connection whose begin was not seen': [
    '> ACK seq 100 ack 500 size 1000 | new | synSent closed tcp_syn_sent',
    '> ACK seq 1100 ack 500 size 1400 | stray | synSent closed tcp_syn_sent',
    '> ACK seq 17000 ack 500 size 1400 | stray | synSent closed tcp_syn_sent',
    '> ACK seq 90000 ack 500 size 1400 | invalid | synSent closed tcp_syn_sent',
  ],
  'a RST for a connection whose begin was not seen': [
    '> RST seq 100 | new | synSent closed tcp_syn_sent',
    '< RST seq 500 | established | timeWait timeWait tcp_close',
  ],
  'segments that no honest end sends': [
    '> SYN seq 100 | new | synSent closed tcp_syn_sent',
    '< - seq 500 | invalid | synSent closed tcp_syn_sent',
    '< SYN+FIN seq 500 | invalid | synSent closed tcp_syn_sent',
    '< SYN+RST seq 500 | invalid | synSent closed tcp_syn_sent',
    '< SYN+FIN+ACK seq 500 ack 101 | invalid | synSent closed tcp_syn_sent',
    '< PSH seq 500 | invalid | synSent closed tcp_syn_sent',
    '< FIN seq 500 | invalid | synSent closed tcp_syn_sent',
    '< RST+URG seq 500 | invalid | synSent closed tcp_syn_sent',
    '< RST+PSH seq 500 | invalid | synSent closed tcp_syn_sent',
    '> SYN+PSH seq 100 | invalid | synSent closed tcp_syn_sent',
    '> SYN+URG seq 100 | invalid | synSent closed tcp_syn_sent',
    '< SYN+ACK+PSH seq 500 ack 101 | established | established synSent tcp_syn_recv',
  ],
  'a SYN that asks for congestion notification': [
    '> SYN+ECE+CWR seq 100 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK+ECE seq 500 ack 101 | established | established synSent tcp_syn_recv',
  ],
  'a SYN+ACK first': ['> SYN+ACK seq 100 ack 1 | invalid'],
  'a SYN with data': [
    '> SYN seq 100 size 10 | new | synSent closed tcp_syn_sent',
    '< SYN+ACK seq 500 ack 111 | established | established synSent tcp_syn_recv',
    '> ACK seq 111 ack 501 | established | established established tcp_established',
  ],
};

const flagBit = { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10, URG: 0x20, ECE: 0x40, CWR: 0x80 };
const stateNames = Object.keys(tcpState);
const checks = (): boolean => true;

/** "SYN+ACK seq 500 ack 101 window 1000 size 0 scale 7"; "-" for no flags. */
function packetOf(text: string): TrackedPacket {
  const [names = '', ...words] = text.split(' ');
  const numbers = new Map<string, number>();
  for (let n = 0; n < words.length; n += 2) numbers.set(words[n] ?? '', Number(words[n + 1]));
  const packet = new TrackedPacket();
  for (const [name, bit] of Object.entries(flagBit)) if (names.split('+').includes(name)) packet.flags |= bit;
  packet.sequence = numbers.get('seq') ?? 0;
  packet.acknowledgement = numbers.get('ack') ?? 0;
  packet.window = numbers.get('window') ?? 1000;
  packet.payloadSize = numbers.get('size') ?? 0;
  packet.windowScale = numbers.get('scale');
  return packet;
}

class Conversation {
  state: ConnectionState | undefined;
  readonly #checks: () => boolean;

  constructor(checksSequence = checks) {
    this.#checks = checksSequence;
  }

  say(line: string): string {
    const packet = packetOf(line.slice(2));
    const verdict = this.state === undefined ? 'new' : this.state.update(packet, line.startsWith('<'));
    if (this.state === undefined || verdict === 'anew') this.state = newTcpState(packet, this.#checks);
    if (this.state === undefined) return 'invalid';
    const report = this.state.report();
    const [original, reply] = [report?.original, report?.reply].map((end) => stateNames[end?.state ?? -1]);
    return `${verdict} | ${original} ${reply} ${this.state.timeout}`;
  }
}

/** All lines said; the last one's verdict and what follows it. */
function afterwards(lines: readonly string[]): Conversation {
  const conversation = new Conversation();
  for (const line of lines) conversation.say(line);
  return conversation;
}

describe('A TCP connection', () => {
  it.each(Object.entries(conversations))('has the states of %s', (_, lines) => {
    const conversation = new Conversation();
    const said = lines.map((line) => line.split(' | ')[0] ?? '');
    expect(said.map((line) => `${line} | ${conversation.say(line)}`)).toEqual(lines);
  });

  it('begins with a SYN or in its middle, and not with combinations of flags that no honest end sends', () => {
    const begins = Array.from({ length: 64 }, (_, flags) => flags).filter((flags) => {
      const packet = packetOf('- seq 1 ack 1');
      packet.flags = flags;
      return newTcpState(packet, checks) !== undefined;
    });
    const withAcknowledgement = [16, 17, 20, 21, 24, 25, 28, 29, 48, 49, 52, 53, 56, 57, 60, 61];
    expect(begins).toEqual([flagBit.SYN, flagBit.RST, ...withAcknowledgement]);
  });

  it.each([
    [['> SYN'], [0, 0, 0, 0]],
    [['> SYN scale 7'], [7, 1, 0, 0]],
    [['> SYN scale 15'], [14, 1, 0, 0]],
    [
      ['> SYN scale 0', '< SYN+ACK ack 1 scale 255'],
      [0, 1, 14, 1],
    ],
    [
      ['> SYN scale 7', '< SYN+ACK ack 1'],
      [0, 0, 0, 0],
    ],
    [
      ['> SYN', '< SYN+ACK ack 1 scale 7'],
      [0, 0, 0, 0],
    ],
    [['> ACK ack 1'], [0, 8, 0, 8]],
  ])('reports the scale and flags of both ends after %j', (lines, expected) => {
    const report = afterwards(lines).state?.report();
    const ends = [report?.original, report?.reply];
    expect(ends.flatMap((end) => [end?.windowScale, end?.flags])).toEqual(expected);
  });

  it('asks at each segment whether windows are to be checked', () => {
    let isChecking = true;
    const conversation = new Conversation(() => isChecking);
    for (const line of ['> SYN seq 100', '< SYN+ACK seq 500 ack 101', '> ACK seq 101 ack 501'])
      conversation.say(line);
    const outside = '> ACK seq 900000 ack 501 size 5';
    expect(conversation.say(outside)).toMatch(/^invalid/);
    isChecking = false;
    expect(conversation.say(outside)).toMatch(/^established/);
    isChecking = true;
    expect(conversation.say('> ACK seq 101 ack 501 size 5')).toMatch(/^invalid/);
  });

  it('takes one segment in place of many, as devices put them together', () => {
    const conversation = afterwards([
      '> SYN seq 100',
      '< SYN+ACK seq 500 ack 101 window 60000',
      '> ACK seq 101 ack 501',
    ]);
    expect(conversation.say('> ACK seq 101 ack 501 size 60001')).toMatch(/^invalid/);
    expect(conversation.say('> ACK seq 101 ack 501 size 60000')).toMatch(/^established/);
  });

  it('keeps a window that rounding makes too large for its field when the other end does not scale', () => {
    const conversation = afterwards(['> SYN seq 100 window 65535 scale 7', '< SYN+ACK seq 500 ack 101']);
    expect(conversation.say('< SYN+ACK seq 500 ack 101')).toMatch(/^established/);
  });

  it('does not live longer by segments that are only near', () => {
    const conversation = afterwards(['> ACK seq 100 ack 1']);
    expect(conversation.say('> ACK seq 100 ack 3000000')).toMatch(/^stray .* tcp_syn_sent$/);
  });

  it('takes whatever comes, in whatever order', () => {
    const u32 = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.constantFrom(0, 1, 0x7fffffff, 0x80000000),
    );
    const segment = fc.record({
      flags: fc.integer({ min: 0, max: 0xfff }),
      sequence: u32,
      acknowledgement: u32,
      window: fc.integer({ min: 0, max: 0xffff }),
      payloadSize: fc.integer({ min: 0, max: 0xffff }),
      windowScale: fc.option(fc.integer({ min: 0, max: 0xff }), { nil: undefined }),
      isReply: fc.boolean(),
    });
    fc.assert(
      fc.property(segment, fc.array(segment, { maxLength: 20 }), (first, others) => {
        const packet = Object.assign(new TrackedPacket(), first);
        const state = newTcpState(packet, checks);
        for (const { isReply, ...fields } of others) {
          const verdict = state?.update(Object.assign(packet, fields), isReply) ?? 'invalid';
          expect(['new', 'established', 'stray', 'invalid', 'anew']).toContain(verdict);
        }
        const ends = state?.report();
        for (const end of [ends?.original, ends?.reply]) expect(stateNames[end?.state ?? 0]).toBeDefined();
      }),
    );
  });
});
