import { describe, expect, test } from 'vitest';
import { matchOn } from '../../flow/match.ts';
import { messageBytes } from '../../openflow/codec.ts';
import { allVersions } from '../../openflow/versions.ts';
import { packetInMessage, packetInReasonOf } from './packet-in-message.ts';

describe('a packet for a controller', () => {
  test('without a rule has the reason that its version has for it', () => {
    expect(allVersions.map((version) => packetInReasonOf(6, version))).toEqual([1, 1, 1, 0, 0, 0]);
    expect(allVersions.map((version) => packetInReasonOf(7, version))).toEqual([
      0,
      0,
      0,
      undefined,
      undefined,
      undefined,
    ]);
    expect(allVersions.map((version) => packetInReasonOf(5, version))).toEqual([1, 1, 1, 1, 5, 5]);
  });

  test('of any size is a message in every version and format', () => {
    const packet = {
      bytes: new Uint8Array(70_000),
      inPort: 1,
      table: 3,
      cookie: 7n,
      reason: 1,
      metadata: matchOn({ in_port: 1 }),
      userdata: new Uint8Array(8),
      controllerId: 0,
      continuation: {
        ...{
          bridge: new Uint8Array(16),
          stack: [
            { value: 0n, size: 1 },
            { value: 0x1234n, size: 4 },
          ],
          mirrors: 0,
          isTracked: true,
        },
        ...{ actions: [], actionSet: [], datapathPort: 1 },
      },
    };
    for (const version of allVersions) {
      for (const format of ['standard', 'nxt_packet_in', 'nxt_packet_in2'] as const) {
        const bytes = messageBytes(packetInMessage(packet, version, format), version);
        expect(bytes.length).toBeGreaterThan(60_000);
      }
    }
  });
});
