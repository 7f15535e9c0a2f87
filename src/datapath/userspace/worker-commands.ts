/** What a worker does at the main thread's command, and the masks and action lists that commands name by number. */
import type { Ms } from '../../base/units.ts';
import { type Mask, maskWith } from '../../flow/mask.ts';
import { SharedBond } from '../bond.ts';
import { answerQuery } from '../conntrack/queries.ts';
import { SharedMeter } from '../meter.ts';
import type { FromWorker, WorkerCommand, WorkerCommandOf } from './commands.ts';
import { DropWriter } from './drop-ring.ts';
import type { Engine } from './engine.ts';
import type { ActionStep } from './execute.ts';
import { lowerActions } from './lower.ts';
import type { WorkerPorts } from './worker-ports.ts';

export interface CommandRunnerDeps {
  readonly engine: Engine;
  readonly ports: WorkerPorts;
  readonly post: (message: FromWorker) => void;
  readonly now: () => Ms;
  /** The upcalls up to that number were answered. */
  readonly upcallsDone: (sequence: number) => void;
}

export class CommandRunner {
  readonly #deps: CommandRunnerDeps;
  readonly #masks = new Map<number, Mask>();
  readonly #actionLists = new Map<number, readonly ActionStep[]>();

  constructor(deps: CommandRunnerDeps) {
    this.#deps = deps;
  }

  run(command: WorkerCommand): void {
    const { engine, ports, upcallsDone } = this.#deps;
    switch (command.do) {
      case 'addPort':
        ports.add(command);
        break;
      case 'removePort':
        ports.remove(command.port);
        this.#answer(command.reply);
        break;
      case 'useRing':
        ports.useRing(command.port, command.ring);
        break;
      case 'setPortLimits':
        engine.ports.setLimits(command.port, command.limits);
        break;
      case 'setPortMtu':
        engine.ports.setMtu(command.port, command.mtu);
        break;
      case 'setVlanLimit':
        engine.setVlanLimit(command.tagCount);
        break;
      case 'validateLookups':
        engine.flows.validateLookups(command.isWanted);
        break;
      case 'setEgressPorts':
        engine.setEgressPorts(command.range);
        break;
      case 'defineMask':
        this.#masks.set(command.number, maskWith(command.words, command.bits));
        break;
      case 'defineActions':
        this.#actionLists.set(command.number, lowerActions(command.actions));
        break;
      case 'forgetMask':
        this.#masks.delete(command.number);
        break;
      case 'forgetActions':
        this.#actionLists.delete(command.number);
        break;
      case 'putFlow':
        this.#putFlow(command);
        break;
      case 'setMeter':
        engine.setMeter(command.id, new SharedMeter(command.config, command.memory));
        break;
      case 'deleteMeter':
        engine.setMeter(command.id, undefined);
        break;
      case 'setBond':
        engine.setBond(command.id, new SharedBond(command.ports, command.memory));
        break;
      case 'deleteBond':
        engine.setBond(command.id, undefined);
        break;
      case 'deleteFlow':
        engine.flows.delete(command.id);
        break;
      case 'flushFlows':
        this.#masks.clear();
        this.#actionLists.clear();
        engine.flows.clear();
        break;
      case 'watchDrops':
        this.#watchDrops(command);
        break;
      case 'unwatchDrops':
        engine.unwatchDrops(command.id);
        break;
      case 'execute':
        engine.execute(command.packet, lowerActions(command.actions));
        break;
      case 'upcallsDone':
        upcallsDone(command.sequence);
        break;
      case 'conntrack':
        this.#answer(command.reply, answerQuery(engine.tracker, command.query, this.#deps.now()));
        break;
      case 'settle':
        this.#answer(command.reply);
        break;
    }
  }

  #putFlow(command: WorkerCommandOf<'putFlow'>): void {
    const { engine } = this.#deps;
    const { id, generation, values, chunk, packet } = command;
    const mask = this.#masks.get(command.mask);
    const steps = this.#actionLists.get(command.actions);
    if (mask === undefined || steps === undefined)
      throw new Error(`flow ${id}: its mask or actions were not defined`);
    if (chunk !== undefined) engine.flows.stats.adopt(id, chunk);
    engine.flows.put({ id, generation, mask, values, steps }, packet?.key);
    if (packet !== undefined) engine.execute(packet, steps);
  }

  #watchDrops({ id, rate, words, bits, values, memory }: WorkerCommandOf<'watchDrops'>): void {
    const { engine, post } = this.#deps;
    const match = words.length === 0 ? undefined : { mask: maskWith(words, bits), values };
    engine.watchDrops(id, { rate, match }, new DropWriter(memory, () => post({ say: 'drops', id })));
  }

  #answer(reply: number, answer?: unknown): void {
    this.#deps.post({ say: 'reply', reply, failure: undefined, answer });
  }
}
