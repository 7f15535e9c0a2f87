import { expect, test } from 'vitest';
import { defaultBfdSettings } from '../../protocols/bfd-types.ts';
import { type BfdMessage, bfdControlSize, parseBfd } from '../../wire/bfd.ts';
import { findIpPayload } from '../../wire/ip-payload.ts';
import { udp } from '../../wire/transport.ts';
import { BfdSender } from './bfd-sender.ts';
import { defaultBfdDestination, defaultBfdSource, type PortBfd } from './monitoring-config.ts';

const config: PortBfd = {
  ...defaultBfdSettings,
  ...{ checksTunnelKey: false, isOam: false, localSource: undefined, localDestination: undefined },
  ...{ remoteDestination: undefined, unusableAddresses: [] },
  ...{ source: defaultBfdSource, destination: defaultBfdDestination },
};

const message: BfdMessage = {
  ...{ version: 1, diagnostic: 'No Diagnostic', state: 'up', flags: 0, multiplier: 3, size: bfdControlSize },
  ...{ myDiscriminator: 1, yourDiscriminator: 2, minTx: 100_000, minRx: 100_000, minEchoRx: 0 },
};

test('a packet is made anew only where it says something else, or comes from elsewhere', () => {
  const sent: Uint8Array[] = [];
  const sender = new BfdSender(50_000, (frame) => () => void sent.push(frame));
  const source = '02:00:00:00:00:01';
  for (let n = 0; n < 3; n++) sender.send({ ...message }, source, config);
  expect(new Set(sent).size).toBe(1);
  sender.send({ ...message, flags: 0x20 }, source, config);
  sender.send({ ...message, flags: 0x20 }, '02:00:00:00:00:02', config);
  sender.send({ ...message, flags: 0x20 }, '02:00:00:00:00:02', { ...config, source: 0x0a000001 });
  expect(new Set(sent).size).toBe(4);
  const said = sent.map((frame) => parseBfd((findIpPayload(frame)?.bytes ?? frame).subarray(udp.size)));
  expect(said.map(({ flags }) => flags)).toEqual([0, 0, 0, 0x20, 0x20, 0x20]);
});
