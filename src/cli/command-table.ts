/** What the tools share whose first argument is a command: ovs-dpctl, ovs-ofctl and ovsdb-tool. */
import { UsageError } from '../daemon/options.ts';

/** What is known of a command without running it. */
export interface CommandShape {
  /** As "list-commands" shows its arguments. */
  readonly usage: string;
  /** How many arguments it takes. */
  readonly min: number;
  readonly max: number;
}

/** The command of that name. Throws UsageError when there is none, or none that takes so many arguments. */
export function findCommand<C extends CommandShape>(
  commands: ReadonlyMap<string, C>,
  name: string,
  argumentCount: number,
): C {
  const command = commands.get(name);
  if (command === undefined) throw new UsageError(`unknown command '${name}'; use --help for help`);
  if (argumentCount < command.min)
    throw new UsageError(`'${name}' command requires at least ${command.min} arguments`);
  if (argumentCount > command.max)
    throw new UsageError(`'${name}' command takes at most ${command.max} arguments`);
  return command;
}

/** The answer to "list-commands", in the order of the table. */
export function listCommands(commands: ReadonlyMap<string, CommandShape>): string {
  const lines = [...commands].map(([name, { usage }]) => `  ${name.padEnd(23)} ${usage}\n`);
  return `The available commands are:\n${lines.join('')}`;
}
