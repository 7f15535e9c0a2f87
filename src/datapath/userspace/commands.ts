/**
 * What the main thread and a worker say to each other. Commands go in batches, in order, through a message port that
 * the worker reads without its event loop; flags in shared memory and an eventfd say that there are some.
 */
import { SyscallFailed } from '../../base/errors.ts';
import type { Direction, PortRing, PortSpec } from '../../netdev/provider.ts';
import type { DpAction } from '../actions.ts';
import type { BondPorts } from '../bond.ts';
import type { ConntrackQuery } from '../conntrack/queries.ts';
import type { DpMeter } from '../meter.ts';
import type { DpPacket, PortRange } from '../provider.ts';
import type { DropMemory } from './drop-ring.ts';
import type { UpcallMemory } from './upcall-ring.ts';

/** `reply` numbers are answered by a `Reply`. */
export type WorkerCommand =
  | {
      readonly do: 'addPort';
      readonly reply: number;
      readonly port: number;
      readonly spec: PortSpec;
      /** Whether this worker is the one that receives there. */
      readonly receives: boolean;
      readonly counters: SharedArrayBuffer;
    }
  | { readonly do: 'removePort'; readonly reply: number; readonly port: number }
  /** For a port that was `busy`. */
  | { readonly do: 'useRing'; readonly port: number; readonly ring: PortRing }
  | { readonly do: 'setPortMtu'; readonly port: number; readonly mtu: number | undefined }
  | { readonly do: 'setPortLimits'; readonly port: number; readonly limits: readonly DpMeter[] }
  | { readonly do: 'setVlanLimit'; readonly tagCount: number }
  | { readonly do: 'validateLookups'; readonly isWanted: boolean }
  | { readonly do: 'setEgressPorts'; readonly range: PortRange }
  /** Masks and action lists come once; flows name them by number until they are forgotten. */
  | {
      readonly do: 'defineMask';
      readonly number: number;
      readonly words: readonly number[];
      readonly bits: readonly number[];
    }
  | { readonly do: 'defineActions'; readonly number: number; readonly actions: readonly DpAction[] }
  | { readonly do: 'forgetMask' | 'forgetActions'; readonly number: number }
  | {
      readonly do: 'putFlow';
      readonly id: number;
      readonly generation: number;
      readonly mask: number;
      readonly values: readonly number[];
      readonly actions: number;
      /** New memory for the statistics of this flow and its neighbours. */
      readonly chunk: SharedArrayBuffer | undefined;
      /** Gets the flow's actions too. */
      readonly packet: DpPacket | undefined;
    }
  | {
      readonly do: 'setMeter';
      readonly id: number;
      readonly config: DpMeter;
      readonly memory: SharedArrayBuffer;
    }
  | {
      readonly do: 'setBond';
      readonly id: number;
      readonly ports: BondPorts;
      readonly memory: SharedArrayBuffer;
    }
  | { readonly do: 'deleteFlow' | 'deleteMeter' | 'deleteBond' | 'unwatchDrops'; readonly id: number }
  | { readonly do: 'flushFlows' }
  | { readonly do: 'conntrack'; readonly reply: number; readonly query: ConntrackQuery }
  /** Heads of dropped packets go to `memory`; of keys with `values` under that mask. */
  | {
      readonly do: 'watchDrops';
      readonly id: number;
      readonly rate: number;
      readonly words: readonly number[];
      readonly bits: readonly number[];
      readonly values: readonly number[];
      readonly memory: DropMemory;
    }
  | { readonly do: 'execute'; readonly packet: DpPacket; readonly actions: readonly DpAction[] }
  /** The upcalls up to that number were dealt with by the commands before this one. */
  | { readonly do: 'upcallsDone'; readonly sequence: number }
  | { readonly do: 'settle'; readonly reply: number };

export type WorkerCommandOf<D extends WorkerCommand['do']> = Extract<WorkerCommand, { do: D }>;

/** From worker to main thread. */
export type FromWorker =
  | {
      readonly say: 'reply';
      readonly reply: number;
      readonly failure: Failure | undefined;
      readonly answer?: unknown;
    }
  | { readonly say: 'upcalls' }
  /** Packets of that watch were dropped. */
  | { readonly say: 'drops'; readonly id: number }
  /** A ring, or a larger one, would serve the port better. */
  | { readonly say: 'busy'; readonly port: number; readonly direction: Direction }
  /** A socket of the port may be closed. */
  | { readonly say: 'retired'; readonly port: number; readonly fd: number };

/** An expected error on its way between threads, which keep only an error's text. */
export type Failure =
  | {
      readonly kind: 'syscall';
      readonly call: string;
      readonly errno: number;
      readonly reason: string;
      readonly tried: string;
    }
  | { readonly kind: 'other'; readonly text: string };

export function describeFailure(error: unknown): Failure {
  if (error instanceof SyscallFailed) {
    const { call, errno, reason, message } = error;
    const tried = message.slice(0, message.length - `: ${call} failed (${reason})`.length);
    return { kind: 'syscall', call, errno, reason, tried };
  }
  return { kind: 'other', text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export function errorOf(failure: Failure): Error {
  return failure.kind === 'syscall'
    ? new SyscallFailed(failure.call, failure.errno, failure.reason, failure.tried)
    : new Error(failure.text);
}

/** Flags in shared memory, 32 bits each. */
export const workerFlag = {
  /** Main -> worker: commands were posted. */
  hasCommands: 0,
  /** Worker -> main: it waits for its descriptors (`asleep`). */
  isSleeping: 1,
  /** Main -> worker: end. */
  isStopped: 2,
  /** Worker -> main: a message says already that there are upcalls. */
  isSignalled: 3,
  /** Worker -> main: it may be in a native call. A thread that is ended there aborts the process. */
  isRunning: 4,
} as const;
export const workerFlagCount = 5;

/** Of `isSleeping`: whether all commands, or only those that cannot wait for the next frame, wake it by the eventfd. */
export const asleep = { no: 0, wakeForAll: 1, wakeWhereUrgent: 2 } as const;

/** A worker that wakes up runs its commands before it looks at a frame: is that soon enough for this one? */
export function canWait(command: WorkerCommand): boolean {
  const { do: what } = command;
  return (
    what === 'defineMask' ||
    what === 'defineActions' ||
    what === 'upcallsDone' ||
    (what === 'putFlow' && command.packet === undefined)
  );
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly flags: SharedArrayBuffer;
  readonly eventFd: number;
  readonly upcalls: UpcallMemory;
  readonly totals: SharedArrayBuffer;
  readonly flowCapacity: number;
  /** Milliseconds of the kernel's monotonic clock at which the main thread's clock showed zero. */
  readonly clockZero: number;
}
