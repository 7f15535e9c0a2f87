import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { ms } from '../../base/units.ts';
import { flowRecords } from '../../wire/sflow.ts';
import { SFlowAgent, type SFlowConfig } from './sflow.ts';

const config: SFlowConfig = {
  ...{ targets: [], agent: undefined, controlAddress: undefined, subAgent: 2 },
  ...{ sampling: 10, polling: 3, headerSize: 128 },
};
const ifIndexes = [5, 9];

function agentWith(changes: Partial<SFlowConfig> = {}) {
  const clock = new FakeClock();
  const sent: Buffer[] = [];
  const deps = {
    clock,
    random: seededRandom(1),
    send: (datagram: Uint8Array) => void sent.push(Buffer.from(datagram)),
  };
  const agent = new SFlowAgent({ ...config, ...changes }, Uint8Array.of(127, 0, 0, 1), deps);
  const sample = (size: number): void =>
    agent.addPacket({ input: 1, output: 2, records: [flowRecords.header(new Uint8Array(size), size)] });
  return { agent, clock, sent, sample };
}

describe('an sFlow agent', () => {
  test('sends what waits when told to, and nothing twice', () => {
    const { agent, clock, sent, sample } = agentWith();
    sample(64);
    sample(64);
    clock.advance(ms(2000));
    agent.flush();
    agent.flush();
    expect(sent.length).toBe(1);
    const [datagram] = sent;
    expect([16, 20, 24].map((at) => datagram?.readUInt32BE(at))).toEqual([1, 2000, 2]);
  });

  test('sends before a datagram is too long, and counts what could have been sampled', () => {
    const { agent, sent, sample } = agentWith();
    for (let n = 0; n < 20; n++) sample(128);
    agent.flush();
    expect(sent.every(({ length }) => length < 1400)).toBe(true);
    expect(sent.reduce((sum, datagram) => sum + datagram.readUInt32BE(24), 0)).toBe(20);
    const last = sent.at(-1)?.subarray(-(8 + 32 + 8 + 16 + 128));
    expect([last?.readUInt32BE(8), last?.readUInt32BE(20)]).toEqual([20, 200]);
  });

  test('leaves a sample out that no datagram can hold, and keeps the others', () => {
    const { agent, sent, sample } = agentWith();
    sample(64);
    sample(1000);
    sample(64);
    agent.flush();
    expect(sent.map((datagram) => datagram.readUInt32BE(24))).toEqual([2]);
  });

  test('asks for the counters of each source once in its interval, the switch and high indexes first', () => {
    const { agent } = agentWith();
    const due = Array.from({ length: 6 }, () => agent.tick(ifIndexes));
    const sources = [agent.source, 9, 5];
    for (const source of sources)
      expect(due.filter((each) => each.includes(source)).length, `${source}`).toBe(2);
    expect(agentWith({ polling: 1 }).agent.tick(ifIndexes)).toEqual([agent.source, 9, 5]);
    expect(agentWith({ polling: 0 }).agent.tick(ifIndexes)).toEqual([]);
  });

  test('counts samples of counters anew when an interface has been away', () => {
    const { agent, sent } = agentWith({ polling: 1 });
    for (const interfaces of [[5], [5], [], [5]]) {
      for (const source of agent.tick(interfaces)) if (source === 5) agent.addCounters(source, []);
    }
    agent.flush();
    const sequences = [0, 1, 2].map((n) => sent[0]?.readUInt32BE(28 + 20 * n + 8));
    expect(sequences).toEqual([1, 2, 1]);
  });

  test('says how likely a packet is to be sampled', () => {
    expect(agentWith({ sampling: 1 }).agent.probability).toBe(0xffffffff);
    expect(agentWith({ sampling: 0xffffffff }).agent.probability).toBe(1);
  });
});
