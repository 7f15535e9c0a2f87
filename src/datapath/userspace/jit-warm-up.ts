/**
 * Makes a worker fast before it has much to do: code that has run some thousand times is compiled to machine code, and
 * an idle switch would take hours to get there, answering each ping from interpreted code. So a young worker warms up
 * when it has nothing else to do: other workers of its class forward between ports over memory. Several, one after the
 * other, because what is compiled must hold for all of them.
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { dpPort } from '../../base/units.ts';
import { extractKey } from '../../flow/extract.ts';
import { maskSlot, newKey } from '../../flow/key.ts';
import { internMask } from '../../flow/mask.ts';
import type { SlotName } from '../../flow/slots.ts';
import { emptyCounters } from '../../netdev/counters.ts';
import type { PortIo, PortSpec, WarmUpPort } from '../../netdev/provider.ts';
import type { WarmUpKind } from '../../netdev/registry.ts';
import { closeEventFd, openEventFd, signalEventFd } from '../../sys/calls/eventfd.ts';
import { Frame } from '../../wire/frame.ts';
import { type WorkerCommand, workerFlag, workerFlagCount } from './commands.ts';
import { SharedPortCounters, Totals } from './counters.ts';
import { FlowCounters } from './flow-stats.ts';
import { makeUpcallMemory } from './upcall-ring.ts';
import { looksBeforeSleep, Worker } from './worker.ts';

/** Of each worker. The first ones end before anything is compiled, so that little is compiled twice. */
const roundCounts = [40, 40, 40, 1000];

/** What most packets look like, with zeros behind: ARP, ICMP, UDP and TCP, both kinds of IP, with and without tag. */
const packets = [
  'ffffffffffff 020000000001 0806 0001080006040001 020000000001 0a000001 000000000000 0a000002',
  '020000000002 020000000001 0800 4500005400004000 40010000 0a000001 0a000002 0800000000010001',
  '020000000002 020000000001 0800 4500005400004000 40110000 0a000001 0a000002 03e807d000400000',
  '020000000002 020000000001 0800 4500005400004000 40060000 0a000001 0a000002 03e807d0 00000000 00000000 5010',
  '020000000002 020000000001 86dd 60000000 0028 11 40 fe80000000000001 0000000000000001 fe80000000000001 0000000000000002 03e807d00028',
  '333300000001 020000000001 86dd 60000000 0020 3a ff fe80000000000001 0000000000000001 ff02000000000000 0000000000000001 8700000000000000 fe80000000000001 0000000000000002 0101020000000001',
  '333300000016 020000000001 86dd 60000000 0024 00 01 fe80000000000001 0000000000000001 ff02000000000000 0000000000000016 3a00050200000100 8f000000',
  '020000000002 020000000001 81000005 0800 4500005400004000 40110000 0a000001 0a000002 03e807d000400000',
].map((text) => {
  const packet = Buffer.alloc(text.includes('8100') ? 102 : 98);
  Buffer.from(text.replaceAll(' ', ''), 'hex').copy(packet);
  return packet;
});

const noPacket = new Uint8Array(0);

/** Slots whose whole mask makes one flow's mask each: several, since code compiled for one mask fits no other. */
const masks = [
  ['in_port', 'eth_dst', 'eth_type'],
  ['in_port', 'eth_type', 'nw_src', 'nw_proto'],
  ['in_port', 'eth_src', 'eth_type', 'nw_proto'],
  ['in_port', 'eth_type', 'vlan_tpid', 'ipv6_src'],
  ['in_port', 'eth_type', 'vlan_tci'],
] as const satisfies readonly (readonly SlotName[])[];

/** Ports by number; each forwards to the next. */
const portKinds = ['packet', 'ring', 'tap'] as const satisfies readonly WarmUpKind[];
/** What the ports of a warm-up worker are opened from does not matter: they are open. */
const spec: PortSpec = { kind: 'dummy', name: '' };
/** At first there are no flows; at last the devices take nothing. */
const missRounds = 20;
const refusedRounds = 8;

/** Some tens of microseconds a step, a quarter of a second altogether. Throws SyscallFailed; `return` ends it early. */
export function* warmUp(openPort: (kind: WarmUpKind) => WarmUpPort): Generator<void, void> {
  for (const roundCount of roundCounts) {
    const ports: WarmUpPort[] = [];
    let worker: WarmUpWorker | undefined;
    try {
      for (const kind of portKinds) ports.push(openPort(kind));
      worker = new WarmUpWorker(ports);
      for (let round = 0; round < roundCount; round++) {
        if (round === roundCount - refusedRounds) for (const port of ports) port.refuse();
        worker.round(round);
        yield;
      }
    } finally {
      worker?.close();
      for (const port of ports) port.close();
    }
  }
}

/** A worker that is warmed up, and what plays the main thread and the world for it. */
class WarmUpWorker {
  readonly #ports: readonly WarmUpPort[];
  readonly #flags = new Int32Array(new SharedArrayBuffer(4 * workerFlagCount));
  readonly #eventFd = openEventFd();
  readonly #commands = new MessageChannel();
  readonly #worker: Worker;

  constructor(ports: readonly WarmUpPort[]) {
    this.#ports = ports;
    // A counter that never changed would be taken for a constant.
    for (const { io } of ports) Object.assign(io.counters, emptyCounters());
    const start = {
      flags: this.#flags.buffer,
      eventFd: this.#eventFd,
      upcalls: makeUpcallMemory(),
      totals: new Totals().buffer,
      flowCapacity: 100,
      clockZero: 0,
    };
    const unopened = ports.map(({ io }) => io);
    const openPort = (): PortIo => {
      const io = unopened.shift();
      if (io === undefined) throw new Error('more ports were added than there are');
      return io;
    };
    this.#worker = new Worker(this.#commands.port1, start, { openPortIo: openPort, openTxPort: openPort });
    this.#tell([
      { do: 'setVlanLimit', tagCount: 1 },
      ...portKinds.flatMap((_, port): WorkerCommand[] => [
        {
          do: 'addPort',
          reply: port,
          port,
          spec,
          receives: true,
          counters: new SharedPortCounters().buffer,
        },
        { do: 'setPortMtu', port, mtu: 1500 },
      ]),
    ]);
    this.#worker.run(1);
  }

  /** A ping and its answer; now and then a burst or a rest. */
  round(round: number): void {
    if (round === missRounds) this.#tell(flows());
    const burst = round % 4 === 1 ? 8 : 1;
    for (let n = 0; n < 2; n++) {
      const port = this.#ports[(round + n) % this.#ports.length];
      for (let i = 0; i < burst; i++) port?.arrive(packets[(round + i) % packets.length] ?? noPacket);
      this.#worker.run(3); // finds them, forwards them, finds no more
    }
    for (const port of this.#ports) port.takeSent();
    if (round % 8 !== 0) return;
    this.#worker.run(looksBeforeSleep.least);
    while (receiveMessageOnPort(this.#commands.port2) !== undefined);
  }

  close(): void {
    this.#worker.close();
    this.#commands.port1.close();
    closeEventFd(this.#eventFd);
  }

  #tell(commands: WorkerCommand[]): void {
    this.#commands.port2.postMessage(commands);
    Atomics.store(this.#flags, workerFlag.hasCommands, 1);
    signalEventFd(this.#eventFd);
  }
}

function flows(): WorkerCommand[] {
  const stats = new FlowCounters();
  const interned = masks.map((names) => {
    const mask = newKey();
    for (const slot of names) maskSlot(mask, slot);
    return internMask(mask);
  });
  return [
    ...interned.map(({ words, bits }, number): WorkerCommand => ({ do: 'defineMask', number, words, bits })),
    ...portKinds.map((_, number): WorkerCommand => {
      const port = dpPort((number + 1) % portKinds.length);
      return { do: 'defineActions', number, actions: [{ do: 'output', port }] };
    }),
    ...portKinds.flatMap((_, inPort) =>
      packets.map((packet, n): WorkerCommand => {
        const id = inPort * packets.length + n;
        const mask = n % masks.length;
        const values = interned[mask]?.pack(keyOf(packet, inPort)) ?? [];
        const chunk = stats.reserve(id);
        return { do: 'putFlow', id, generation: 1, mask, values, actions: inPort, chunk, packet: undefined };
      }),
    ),
  ];
}

function keyOf(packet: Uint8Array, inPort: number): Uint32Array {
  const frame = new Frame(packet);
  frame.end = packet.length;
  frame.inPort = inPort;
  const key = newKey();
  extractKey(frame, key);
  return key;
}
