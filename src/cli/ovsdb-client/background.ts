/** What ovsdb-client offers on a control socket while it runs in the background: exit, block, unblock and more. */
import { type Command, Commands, defineCommand, told, UnixctlServer } from '../../daemon/unixctl.ts';
import type { Json } from '../../rpc/channel.ts';
import type { ClientContext } from './context.ts';
import { parseArgument } from './data-commands.ts';

interface BackgroundActions {
  condChange?(table: string, where: Json): void;
  /** lock, steal or unlock. */
  changeLock?(method: string, lock: string): void;
}

export class BackgroundControl {
  /** Resolves after `exit`. */
  readonly exited: Promise<void>;
  readonly #context: ClientContext;
  readonly #actions: BackgroundActions;
  #exit: () => void = () => {};
  #isBlocked = false;
  /** To be done when `unblock` comes. */
  readonly #held: (() => void)[] = [];

  constructor(context: ClientContext, actions: BackgroundActions) {
    this.#context = context;
    this.#actions = actions;
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  /** Runs `action` now, or when `unblock` comes. */
  whenOpen(action: () => void): void {
    if (this.#isBlocked) this.#held.push(action);
    else action();
  }

  /** Opens the socket, in the background. Rejects with SyscallFailed. */
  async listen(): Promise<void> {
    const { daemon, isDetached, controlPath, transport } = this.#context;
    if (daemon === undefined || !isDetached) return;
    const commands = new Commands();
    commands.add(...this.#commands());
    const server = new UnixctlServer(commands);
    server.onWake = () => server.run();
    await server.listen(controlPath, transport);
    daemon.atExit(() => server.close());
  }

  #commands(): Command[] {
    const { condChange, changeLock } = this.#actions;
    const exit = command('exit', '', 0, () => {
      setImmediateExit(this.#exit);
      return '';
    });
    return [
      exit,
      ...(condChange === undefined ? [] : this.#monitorCommands(condChange)),
      ...(changeLock === undefined ? [] : lockCommands(changeLock)),
    ];
  }

  #monitorCommands(condChange: (table: string, where: Json) => void): Command[] {
    return [
      command('ovsdb-client/block', '', 0, () => {
        if (this.#isBlocked) return 'already blocking';
        this.#isBlocked = true;
        return '';
      }),
      command('ovsdb-client/unblock', '', 0, () => {
        if (!this.#isBlocked) return 'already unblocked';
        this.#isBlocked = false;
        for (const action of this.#held.splice(0)) action();
        return '';
      }),
      command('ovsdb-client/cond_change', 'TABLE COND', 2, ([table = '', where = '']) => {
        condChange(table, parseArgument(where));
        return 'condition changed';
      }),
    ];
  }
}

function lockCommands(changeLock: (method: string, lock: string) => void): Command[] {
  return ['unlock', 'steal', 'lock'].map((method) =>
    command(method, 'LOCK', 1, ([lock = '']) => {
      changeLock(method, lock);
      return '';
    }),
  );
}

function command(
  name: string,
  usage: string,
  argCount: number,
  run: (args: readonly string[]) => string,
): Command {
  return defineCommand({
    ...{ name, usage, minArgs: argCount, maxArgs: argCount },
    run: (args) => told(run(args)),
  });
}

/** The reply goes out first. */
function setImmediateExit(exit: () => void): void {
  queueMicrotask(() => queueMicrotask(exit));
}
