import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { ms } from '../../base/units.ts';
import { ipfixKeyBytes } from '../../wire/ipfix.ts';
import type { IpfixKind } from '../../wire/ipfix-elements.ts';
import { IpfixExporter, type IpfixSample } from './ipfix.ts';
import type { IpfixConfig } from './ipfix-config.ts';

const config: IpfixConfig = {
  ...{ targets: [], activeTimeout: 10, maxFlows: 3, samplesTunnels: true, virtualObserver: undefined },
};
const tcp: IpfixKind = {
  ...{ isTagged: false, network: 'ipv4', transport: 'tcp', isTunnelled: false, isEgress: false },
};

function sampleOf(source: number, changes: Partial<IpfixSample> = {}): IpfixSample {
  const { kind = tcp } = changes;
  const address = new Uint8Array(6);
  const wide = { sourceMacAddress: address, destinationMacAddress: address };
  return {
    ...{ kind, domain: 1, packets: 1, size: 114, headerSize: 14, isForwarded: true },
    ...{ destination: 'unicast', tcpFlags: 0x12, ...changes },
    key: ipfixKeyBytes(kind, { ...wide, sourceIPv4Address: source }),
  };
}

function exporter(changes: Partial<IpfixConfig> = {}) {
  const clock = new FakeClock(1000);
  const sent: Buffer[] = [];
  const ipfix = new IpfixExporter(
    { ...config, ...changes },
    {
      ...{ id: 1, clock, errorCount: () => 0, due: () => {} },
      send: (message) => void sent.push(Buffer.from(message)),
    },
  );
  /** Of each record of a flow: packets, octets, shortest and longest, and why it is told. */
  const told = (): number[][] =>
    sent
      .filter((message) => message.readUInt16BE(16) >= 256 && message.readUInt16BE(16) < 462)
      .map((message) => {
        // From the end: six counts of TCP, ten of IP, the reason, fifteen counts and two times.
        const ip = message.length - 48 - 80;
        const counts = ip - 113;
        return [
          Number(message.readBigUInt64BE(counts + 24)),
          Number(message.readBigUInt64BE(ip + 16)),
          Number(message.readBigUInt64BE(ip + 48)),
          Number(message.readBigUInt64BE(ip + 56)),
          message[ip - 1] ?? 0,
        ];
      });
  return { ipfix, clock, sent, told };
}

const reason = { active: 2, forced: 4, full: 5 };

describe('an IPFIX exporter', () => {
  test('tells of a flow when it has waited for long, all packets together', () => {
    const { ipfix, clock, told } = exporter();
    ipfix.addPacket(sampleOf(1));
    clock.advance(ms(9000));
    ipfix.addPacket(sampleOf(1, { size: 64 }));
    expect(ipfix.run()).toBe(11_000);
    expect(told()).toEqual([]);
    clock.advance(ms(1000));
    expect(ipfix.run()).toBe(Number.POSITIVE_INFINITY);
    expect(told()).toEqual([[2, 150, 50, 100, reason.active]]);
  });

  test('tells of the oldest flow when there are too many', () => {
    const { ipfix, told } = exporter();
    for (let source = 1; source <= 5; source++) ipfix.addPacket(sampleOf(source, { packets: source }));
    expect(told().map(([packets, , , , why]) => [packets, why])).toEqual([
      [1, reason.full],
      [2, reason.full],
    ]);
    expect(ipfix.counters).toMatchObject({ flows: 5, currentFlows: 3, packets: 5, ipv4Packets: 5 });
  });

  test('tells of all flows when it ends', () => {
    const { ipfix, told } = exporter();
    ipfix.addPacket(sampleOf(1));
    ipfix.addPacket(sampleOf(2));
    ipfix.close();
    ipfix.close();
    expect(told().map((record) => record.at(-1))).toEqual([reason.forced, reason.forced]);
  });

  test('tells at once where nothing is to wait', () => {
    const { ipfix, told } = exporter({ activeTimeout: 0, maxFlows: 0 });
    ipfix.addPacket(sampleOf(1));
    ipfix.addPacket(sampleOf(1));
    expect(told().length).toBe(2);
    expect(ipfix.counters).toMatchObject({ flows: 2, currentFlows: 0 });
  });

  test('sends templates before the first record, and anew after ten minutes', () => {
    const { ipfix, clock, sent } = exporter({ activeTimeout: 0, maxFlows: 0 });
    const templates = (): number => sent.filter((message) => message.readUInt16BE(16) === 2).length;
    ipfix.addPacket(sampleOf(1));
    const once = templates();
    expect(once).toBeGreaterThan(0);
    expect(sent[0]?.readUInt16BE(16)).toBe(2);
    clock.advance(ms(599_000));
    ipfix.addPacket(sampleOf(1));
    expect(templates()).toBe(once);
    clock.advance(ms(1000));
    ipfix.addPacket(sampleOf(1));
    expect(templates()).toBe(2 * once);
  });

  test('numbers records and what it tells of itself, and no templates', () => {
    const { ipfix, sent } = exporter({ activeTimeout: 0, maxFlows: 0 });
    for (const source of [1, 2]) ipfix.addPacket(sampleOf(source));
    const numbers = sent.map((message) => message.readUInt32BE(8));
    expect(numbers.slice(-3)).toEqual([1, 2, 3]);
    expect(new Set(numbers.slice(0, -3))).toEqual(new Set([1]));
  });

  test('counts what it cannot tell much of as errors', () => {
    const { ipfix } = exporter();
    ipfix.addPacket(sampleOf(1, { kind: { ...tcp, transport: 'other' } }));
    ipfix.addPacket(sampleOf(1, { kind: { ...tcp, network: 'other', transport: 'other' } }));
    expect(ipfix.counters).toMatchObject({
      packets: 2,
      ipv4Packets: 0,
      ipv4ErrorPackets: 1,
      errorPackets: 1,
    });
  });

  test('counts a thousand packets of a hundred flows, all that were sampled', () => {
    const { ipfix, told } = exporter({ maxFlows: 20 });
    for (let n = 0; n < 1000; n++) ipfix.addPacket(sampleOf((n * 7) % 100));
    ipfix.close();
    const packets = told().reduce((sum, [count = 0]) => sum + count, 0);
    const octets = told().reduce((sum, [, count = 0]) => sum + count, 0);
    expect([packets, octets]).toEqual([1000, 100_000]);
  });
});
