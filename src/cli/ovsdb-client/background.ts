/** What ovsdb-client offers on a control socket while it runs in the background: exit, block, unblock and more. */
import { Commands, defineCommand, told, UnixctlServer } from '../../daemon/unixctl.ts';
import type { Json } from '../../rpc/channel.ts';
import type { ClientContext } from './context.ts';
import { parseArgument } from './data-commands.ts';

export interface BackgroundActions {
  condChange?(table: string, where: Json): void;
  /** lock, steal or unlock. */
  changeLock?(method: string, lock: string): void;
}

export interface BackgroundControl {
  /** Resolves after `exit`. */
  readonly exited: Promise<void>;
  /** Runs `action` now, or when `unblock` comes. */
  whenOpen(action: () => void): void;
  /** Opens the socket, in the background. Rejects with SyscallFailed. */
  listen(): Promise<void>;
}

export function startControl(context: ClientContext, actions: BackgroundActions): BackgroundControl {
  let isBlocked = false;
  const held: (() => void)[] = [];
  let exit = () => {};
  const exited = new Promise<void>((resolve) => {
    exit = resolve;
  });
  const commands = new Commands();
  const add = (name: string, usage: string, argCount: number, run: (args: readonly string[]) => string) =>
    commands.add(
      defineCommand({ name, usage, minArgs: argCount, maxArgs: argCount, run: (args) => told(run(args)) }),
    );
  add('exit', '', 0, () => {
    setImmediateExit(exit);
    return '';
  });
  if (actions.condChange !== undefined) {
    add('ovsdb-client/block', '', 0, () => {
      if (isBlocked) return 'already blocking';
      isBlocked = true;
      return '';
    });
    add('ovsdb-client/unblock', '', 0, () => {
      if (!isBlocked) return 'already unblocked';
      isBlocked = false;
      for (const action of held.splice(0)) action();
      return '';
    });
    add('ovsdb-client/cond_change', 'TABLE COND', 2, ([table = '', where = '']) => {
      actions.condChange?.(table, parseArgument(where));
      return 'condition changed';
    });
  }
  if (actions.changeLock !== undefined) {
    for (const method of ['unlock', 'steal', 'lock']) {
      add(method, 'LOCK', 1, ([lock = '']) => {
        actions.changeLock?.(method, lock);
        return '';
      });
    }
  }
  return {
    exited,
    whenOpen(action) {
      if (isBlocked) held.push(action);
      else action();
    },
    async listen() {
      const { daemon } = context;
      if (daemon === undefined || !context.isDetached) return;
      const server = new UnixctlServer(commands);
      server.onWake = () => server.run();
      await server.listen(context.controlPath, context.transport);
      daemon.atExit(() => server.close());
    },
  };
}

/** The reply goes out first. */
function setImmediateExit(exit: () => void): void {
  queueMicrotask(() => queueMicrotask(exit));
}
