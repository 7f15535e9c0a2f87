import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { ms } from '../../base/units.ts';
import { newKey, setSlot } from '../../flow/key.ts';
import { type NetFlowConfig, NetFlowExporter, netFlowKeyOf, netFlowOutput } from './netflow.ts';

const config: NetFlowConfig = {
  ...{ targets: [], engineType: 2, engineId: 1, addsIdToPorts: false, activeTimeout: 30_000 },
};

function keyOf(source: number, protocol = 6) {
  const flow = newKey();
  setSlot(flow, 'eth_type', 0x0800);
  setSlot(flow, 'in_port', 1);
  setSlot(flow, 'nw_src', source);
  setSlot(flow, 'nw_proto', protocol);
  setSlot(flow, 'tp_src', 8);
  setSlot(flow, 'tp_dst', 3);
  const key = netFlowKeyOf(flow);
  if (key === undefined) throw new Error('no flow of IPv4');
  return key;
}

function exporter(changes: Partial<NetFlowConfig> = {}) {
  const clock = new FakeClock(1000);
  const sent: Buffer[] = [];
  let dueCount = 0;
  const send = (datagram: Uint8Array): number => sent.push(Buffer.from(datagram));
  const netFlow = new NetFlowExporter({ ...config, ...changes }, { clock, send, due: () => void dueCount++ });
  /** Of all that was sent: where to, packets, bytes. */
  const told = (): number[][] =>
    sent.flatMap((bytes) =>
      Array.from({ length: bytes.readUInt16BE(2) }, (_, n) => {
        const at = 24 + 48 * n;
        return [bytes.readUInt16BE(at + 14), bytes.readUInt32BE(at + 16), bytes.readUInt32BE(at + 20)];
      }),
    );
  const carry = (source: number, output: number, packets = 1, bytes = 100): void =>
    netFlow.update(keyOf(source), output, { packets, bytes, tcpFlags: 2, at: clock.now() });
  const end = (source: number): void => netFlow.countHolder(keyOf(source), -1);
  return { end, netFlow, clock, sent, told, carry, dueCount: () => dueCount };
}

describe('NetFlow', () => {
  test('tells of a flow when it ends, and only of what it carried since', () => {
    const { netFlow, told, carry, end } = exporter();
    carry(1, 2, 5, 500);
    netFlow.countHolder(keyOf(1), 1);
    netFlow.countHolder(keyOf(1), 1);
    end(1);
    netFlow.run();
    expect(told()).toEqual([]);
    end(1);
    end(1);
    netFlow.run();
    expect(told()).toEqual([[2, 5, 500]]);
  });

  test('tells of a flow when it goes elsewhere', () => {
    const { netFlow, told, carry } = exporter();
    carry(1, netFlowOutput.flood);
    carry(1, 2);
    netFlow.run();
    expect(told()).toEqual([[0xffff, 1, 100]]);
  });

  test('tells of flows that go on when they have been active for long, and forgets those that do not', () => {
    const { netFlow, clock, told, carry } = exporter();
    netFlow.countHolder(keyOf(1), 1);
    carry(1, 2);
    netFlow.run();
    for (const packets of [10, 20]) {
      clock.advance(ms(31_000));
      carry(1, 2, packets);
      netFlow.run();
      netFlow.run();
    }
    expect(told()).toEqual([
      [2, 11, 200],
      [2, 20, 100],
    ]);
    clock.advance(ms(100_000));
    netFlow.run();
    clock.advance(ms(100_000));
    expect(netFlow.run()).toBe(Number.POSITIVE_INFINITY);
  });

  test('keeps nothing of packets that no datapath flow is there for', () => {
    const { netFlow, clock, told, carry } = exporter();
    for (let n = 0; n < 1000; n++) carry(n, 2);
    clock.advance(ms(1000));
    netFlow.run();
    expect(netFlow.run()).toBe(Number.POSITIVE_INFINITY);
    expect(told().length).toBe(1000);
  });

  test('asks to be run when there is something to send, and says when next', () => {
    const { netFlow, clock, carry, dueCount, end } = exporter();
    netFlow.countHolder(keyOf(1), 1);
    carry(1, 2);
    expect(dueCount()).toBe(1);
    expect(netFlow.run()).toBe(clock.now() + 1000);
    end(1);
    expect(dueCount()).toBe(2);
  });

  test('has no more than 30 records in a datagram, and counts them', () => {
    const { netFlow, sent, carry, end } = exporter();
    for (let n = 0; n < 40; n++) carry(n, 2);
    for (let n = 0; n < 40; n++) end(n);
    netFlow.run();
    expect(sent.map((bytes) => [bytes.readUInt16BE(2), bytes.readUInt32BE(16)])).toEqual([
      [30, 29],
      [10, 39],
    ]);
  });

  test('splits what no record can count, and says nothing of what cannot be', () => {
    const { netFlow, told, carry, end } = exporter();
    carry(1, 2, 9, 3 * 2 ** 32 - 3);
    carry(2, 2, 9, 176 * 2 ** 32);
    end(1);
    end(2);
    netFlow.run();
    expect(told()).toEqual(Array(3).fill([2, 3, 2 ** 32 - 1]));
  });

  test('has the type and code of ICMP in the place of a port, and the engine in the place of ports', () => {
    const { netFlow, clock, sent } = exporter({ addsIdToPorts: true, engineId: 3 });
    netFlow.update(keyOf(1, 1), 0xffff, { packets: 1, bytes: 1, tcpFlags: 0, at: clock.now() });
    netFlow.countHolder(keyOf(1, 1), -1);
    netFlow.run();
    const [bytes] = sent;
    expect(bytes?.readUInt32BE(24 + 32)).toBe(0x0803);
    expect(bytes?.readUInt32BE(24 + 12)).toBe((((3 << 9) | 1) << 16) | (3 << 9) | 0x1ff);
  });

  test('says nothing once it is closed', () => {
    const { netFlow, sent, carry, end } = exporter();
    carry(1, 2);
    netFlow.close();
    end(1);
    carry(1, 2);
    end(1);
    netFlow.run();
    expect(sent).toEqual([]);
  });
});

test('only IPv4 has flows of NetFlow', () => {
  expect(netFlowKeyOf(newKey())).toBeUndefined();
});
