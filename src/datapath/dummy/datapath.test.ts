import { describe, expect, test } from 'vitest';
import { describeDatapath } from '../../../test/conformance/datapath.ts';
import type { Wire } from '../../../test/conformance/datapath-harness.ts';
import { MemoryPort } from '../../../test/conformance/memory-port.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { PortIo, PortSpec } from '../../netdev/provider.ts';
import { openPortIo } from '../../netdev/registry.ts';
import { DummyDatapath, openDummyDatapath } from './datapath.ts';

describeDatapath('the inline datapath', async (flowCapacity, workerCount) => {
  const ports = new Map<string, MemoryPort>();
  const openPort = (spec: PortSpec): PortIo => {
    if (spec.kind === 'tunnel') return openPortIo(spec);
    const { name } = spec;
    const made = new MemoryPort();
    ports.set(name, made);
    return made;
  };
  const deps = {
    clock: new FakeClock(1000),
    random: seededRandom(1),
    openPort,
    workerCount,
    kernel: new Map(),
  };
  const open = (): DummyDatapath => openDummyDatapath('dummy', 'ovs-dummy', deps, flowCapacity);
  let datapath = open();
  return {
    datapath,
    async reopen() {
      datapath = open();
      return datapath;
    },
    async addWire(wanted): Promise<Wire> {
      const name = `p${ports.size}`;
      const device = { name, type: 'dummy', ifindex: 0, spec: { kind: 'dummy', name } } as const;
      const port = await datapath.addPort(device, wanted);
      return {
        port,
        device,
        inject: (...frames) => ports.get(name)?.inject(...frames),
        take: () =>
          ports
            .get(name)
            ?.sent.splice(0)
            .map((sent) => sent.bytes) ?? [],
      };
    },
    close: () => datapath.destroy(),
  };
});

describe('the inline datapath', () => {
  test('closes the port it removes', async () => {
    const io = new MemoryPort();
    const datapath = new DummyDatapath('dummy', 'ovs-dummy', {
      clock: new FakeClock(),
      random: seededRandom(1),
      openPort: () => io,
    });
    const port = await datapath.addPort({
      name: 'p',
      type: 'dummy',
      ifindex: 0,
      spec: { kind: 'dummy', name: 'p' },
    });
    await datapath.removePort(port);
    expect(io.isClosed).toBe(true);
  });
});
