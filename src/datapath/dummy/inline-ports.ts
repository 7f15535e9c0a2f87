/**
 * The ports of a datapath on the main thread: opened, known to all its engines, received by one of them or, where their
 * queues are polled, by those of threads.
 */
import { type DpPort, dpPort } from '../../base/units.ts';
import type { IsPolled, PortIo, PortSpec, WakesDatapath } from '../../netdev/provider.ts';
import { type PortEntry, PortTable } from '../ports.ts';
import type { NewDpPort } from '../provider.ts';
import { SharedPortCounters } from '../userspace/counters.ts';
import type { EnginePort } from '../userspace/engine-ports.ts';
import type { DeviceFlows } from './device-flows.ts';
import type { InlineRuns, ReceivingPort } from './inline-runs.ts';
import type { InlineWorker } from './inline-worker.ts';
import type { InlineWorkers } from './inline-workers.ts';
import type { PollThreads } from './poll-threads.ts';

interface OpenPort extends PortEntry, ReceivingPort {
  readonly io: PortIo;
  /** Who runs what is injected as if it had come in by the port. */
  readonly receiver: InlineWorker;
  readonly ends: Map<InlineWorker, EnginePort>;
}

interface InlinePortsDeps {
  /** `openPortIo` of netdev/registry.ts. */
  openPort(spec: PortSpec): PortIo;
  readonly workers: InlineWorkers;
  readonly runs: InlineRuns;
  readonly polls: PollThreads;
}

export class InlinePorts {
  readonly table = new PortTable<OpenPort>();
  readonly #deps: InlinePortsDeps;
  #deviceFlows: DeviceFlows | undefined;

  constructor(deps: InlinePortsDeps) {
    this.#deps = deps;
  }

  /** One of that name that is there already stays as it is. */
  add({ name, type, ifindex, spec }: NewDpPort, wanted?: DpPort): DpPort {
    const { workers, runs, polls } = this.#deps;
    const left = this.table.numberOf(name);
    if (left !== undefined) return left;
    const number = this.table.chooseNumber(wanted ?? numberInName(name));
    const io = this.#deps.openPort(spec);
    const receiver = workers.main[this.table.all.size % workers.main.length] ?? workers.first;
    const counters = new SharedPortCounters(); // on one thread, all workers send by the same frame path
    const ends = new Map<InlineWorker, EnginePort>();
    const port = { name, type, ifindex, counters: [counters], io, receiver, ends };
    this.table.set(number, port);
    this.#deviceFlows?.addPort(number, name);
    workers.tell(`port ${number}`, (worker) => {
      const own = worker === receiver ? io : undefined;
      const rx = isPolled(io) ? polls.receiver(worker, number, io) : own;
      const end = worker.engine.ports.add(number, io, rx, counters);
      if (rx !== undefined) {
        ends.set(worker, end);
        this.#tellFlowsOf(end);
      }
      if (isPolled(io)) end.chooseQueue = polls.queueChooser(worker, io);
    });
    if (isPolled(io)) {
      io.onPolling = () => this.repoll(() => polls.portChanged(number));
      this.repoll(() => polls.addPort(number, { name, io }));
    }
    if (wakesDatapath(io)) io.onInput = () => runs.receive([port]);
    return number;
  }

  remove(number: DpPort): void {
    const { workers, runs, polls } = this.#deps;
    const gone = this.table.get(number);
    if (gone === undefined) return;
    this.table.delete(number);
    this.#deviceFlows?.removePort(number);
    for (const what of ['port', 'mtu', 'limits']) workers.forget(`${what} ${number}`);
    for (const { engine } of workers.all) engine.removePort(number);
    runs.forget(gone);
    if (wakesDatapath(gone.io)) gone.io.onInput = () => {};
    gone.io.close();
    this.repoll(() => polls.removePort(number));
  }

  /** A packet goes where those that came in by that port are. */
  receiverOf(number: number): InlineWorker {
    return this.table.get(dpPort(number))?.receiver ?? this.#deps.workers.first;
  }

  forgetWorker(worker: InlineWorker): void {
    for (const { ends } of this.table.all.values()) ends.delete(worker);
  }

  /** Devices give frames the marks of those flows from now on. */
  useDeviceFlows(flows: DeviceFlows): void {
    this.#deviceFlows = flows;
    for (const [number, { name, ends }] of this.table.all) {
      flows.addPort(number, name);
      for (const end of ends.values()) this.#tellFlowsOf(end);
    }
  }

  #tellFlowsOf(end: EnginePort): void {
    const known = this.#deviceFlows;
    const { first } = this.#deps.workers;
    if (known !== undefined) end.flowOf = (frame) => known.flowOf(frame, first.engine.vlanLimit);
  }

  /** Changes what threads poll, and has them forward what waits for them. */
  repoll(change: () => void): void {
    change();
    this.#deps.runs.receive([...this.table.all.values()].filter(({ io }) => isPolled(io)));
  }
}

function isPolled(io: PortIo & Partial<IsPolled>): io is PortIo & IsPolled {
  return io.polling !== undefined;
}

function wakesDatapath(io: PortIo): io is PortIo & WakesDatapath {
  return 'onInput' in io;
}

/**
 * Tests can tell which number a port gets, as with the reference's dummy datapath: the first one in its name, plus 100
 * when that starts with "br". undefined when there is none.
 */
function numberInName(name: string): DpPort | undefined {
  const number = Number(/[0-9]+/.exec(name)?.[0] ?? 0) + (name.startsWith('br') ? 100 : 0);
  return /[0-9]/.test(name) && number > 0 && number < 0xffff ? dpPort(number) : undefined;
}
