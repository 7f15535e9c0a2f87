import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { parseLinkChange, parseLinkStats } from './link.ts';
import { emitMessage, MessageWriter, messagesOf } from './message.ts';

const newLink = 16;
const delLink = 17;
const newStats = 92;

/** struct ifinfomsg of device 7, up and running, then attributes. */
function link(family = 0): MessageWriter {
  return new MessageWriter().u8(family).u8(0).u16(1).u32(7).u32(0x41).u32(0);
}

function only(bytes: Uint8Array) {
  const [message] = [...messagesOf(bytes)];
  if (message === undefined) throw new Error('no message');
  return message;
}

describe('rtnetlink messages', () => {
  test('A link notification tells the names, address, MTU, kind and group', () => {
    const payload = link()
      .text(3, 'eth7')
      .attribute(1, [2, 0, 0, 0, 0, 0xab])
      .number(4, 9000)
      .nested(18, (info) => info.text(1, 'veth'))
      .number(27, 3)
      .nested(52, (properties) => properties.text(53, 'uplink').text(53, 'the-long-name-of-it'))
      .finish();
    expect(parseLinkChange(only(emitMessage(newLink, 0, 1, payload)))).toEqual({
      isRemoved: false,
      link: {
        ifindex: 7,
        name: 'eth7',
        mac: '02:00:00:00:00:ab',
        mtu: 9000,
        isUp: true,
        isRunning: true,
        isPromiscuous: false,
        isLoopback: false,
        kind: 'veth',
        group: 3,
        alternativeNames: ['uplink', 'the-long-name-of-it'],
        runningChanges: 0,
      },
    });
  });

  test('A removal is told from a change, and news about a port of a kernel bridge is neither', () => {
    const removal = emitMessage(delLink, 0, 1, link().text(3, 'eth7').finish());
    expect(parseLinkChange(only(removal))?.isRemoved).toBe(true);
    const AF_BRIDGE = 7;
    const aboutPort = emitMessage(delLink, 0, 1, link(AF_BRIDGE).text(3, 'eth7').finish());
    expect(parseLinkChange(only(aboutPort))).toBeUndefined();
  });

  test('Counters beyond 32 bits are read whole', () => {
    const counters = new MessageWriter();
    for (let i = 0; i < 18; i++) counters.u32(i).u32(i === 2 ? 1 : 0);
    const payload = new MessageWriter().u32(0).u32(7).u32(1).attribute(1, counters.finish()).finish();
    const stats = parseLinkStats(only(emitMessage(newStats, 0, 1, payload)));
    expect(stats?.ifindex).toBe(7);
    expect(stats?.counters).toMatchObject({
      rx_packets: 0,
      tx_packets: 1,
      rx_bytes: 2 ** 32 + 2,
      tx_carrier_errors: 17,
    });
  });

  test('Any bytes decode or are malformed', () => {
    const start = fc.constantFrom(newLink, delLink, newStats);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), fc.boolean(), (type, bytes, isFramed) => {
        expectReadOrMalformed(() => {
          for (const message of messagesOf(isFramed ? emitMessage(type, 0, 1, bytes) : bytes)) {
            parseLinkChange(message);
            parseLinkStats(message);
          }
        });
      }),
      { numRuns: 2000 },
    );
  });
});
