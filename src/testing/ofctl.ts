/** Commands of ovs-ofctl inside a test: by its code, over connections of OpenFlow that stay in the process. */
import { Refused } from '../base/errors.ts';
import { commandContext, ofctlOptions, runCommand } from '../cli/ofctl/command-line.ts';
import { ofctlCommands } from '../cli/ofctl/commands.ts';
import { readOptions } from '../daemon/options.ts';
import { Fatal } from '../daemon/program.ts';
import type { MemoryTransport } from '../net/memory-transport.ts';

/** Whom a command is about, where it is one that can be here. */
const aboutSwitches = /^(switch|target|source1)\b/;

/** What the command prints. Rejects with Refused where the program would say what is wrong, and with what it throws. */
export async function runOfctl(
  args: readonly string[],
  { transport, runFolder }: { transport: MemoryTransport; runFolder: string },
): Promise<string> {
  const line = readOptions(args, ofctlOptions);
  const [name = '', ...rest] = line.rest;
  const known = ofctlCommands.get(name);
  if (known !== undefined && (known.mayDetach === true || !aboutSwitches.test(known.usage)))
    throw new Refused('ofctl', `${name} is not for a switch inside a test`);
  let printed = '';
  let complained = '';
  const complain = (text: string): void => {
    complained += text;
  };
  const context = {
    ...commandContext(line, false),
    print: (text: string) => {
      printed += text;
    },
    printError: complain,
    end: (text: string): never => {
      throw new Fatal(text);
    },
    warn: (text: string) => complain(`ovs-ofctl: ${text}\n`),
    rundir: runFolder,
    connect: transport.connect.bind(transport),
  };
  const status = await runCommand(context, line, name, rest);
  if (status !== 0 || complained !== '') throw new Refused('ofctl', (complained || printed).trimEnd());
  return printed;
}
