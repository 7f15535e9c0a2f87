/** What the `dpctl/*` commands have in common: their options, and answers in which errors stand between the lines. */
import { strerror } from '../../../base/errno.ts';
import { Refused, SyscallFailed, VswitchError } from '../../../base/errors.ts';
import { type Command, type CommandOutput, defineCommand } from '../../../daemon/unixctl.ts';
import type { Json } from '../../../rpc/channel.ts';
import { answerLater } from '../common.ts';

export interface DpctlFlags {
  /** -m, --more */
  readonly isVerbose: boolean;
  /** -s, --statistics */
  readonly hasStatistics: boolean;
  /** --names; verbose text has them unless told otherwise. */
  readonly isNamed: boolean;
  readonly mayCreate: boolean;
  /** --clear */
  readonly clearsStatistics: boolean;
}

/** Collects the answer. An error makes it a refusal, and does not stop the command. */
export class DpctlAnswer {
  #text = '';
  #hasFailed = false;
  readonly #warnings: string[] = [];
  /** What is printed, as data; null where that is nothing. */
  json: Json = null;

  print(text: string): void {
    this.#text += text;
  }

  error(why: VswitchError): void {
    this.warn(why);
    this.#hasFailed = true;
  }

  /** Says what is wrong, as `error`, where the command as a whole still succeeds. */
  warn(why: VswitchError): void {
    this.#warnings.push(why.message);
    this.print(`ovs-vswitchd: ${why.message}\n`);
  }

  /** Throws Refused with the whole text when there was an error. */
  output(): CommandOutput {
    if (this.#hasFailed) throw new Refused('dpctl', this.#text);
    const { json } = this;
    const warnings = this.#warnings;
    return { text: this.#text, json: warnings.length === 0 ? json : { warnings, value: json } };
  }
}

/** "WHAT (REASON)" */
export function failure(what: string, why?: number | VswitchError): Refused {
  if (why === undefined) return new Refused('dpctl', what);
  const reason =
    typeof why === 'number' ? strerror(why) : why instanceof SyscallFailed ? why.reason : why.message;
  return new Refused('dpctl', `${what} (${reason})`);
}

/** Does each of `items`; what fails is told, and the others done. */
export async function each<T>(
  items: readonly T[],
  answer: DpctlAnswer,
  act: (item: T) => void | Promise<void>,
): Promise<void> {
  for (const item of items) {
    try {
      await act(item);
    } catch (why) {
      if (!(why instanceof VswitchError)) throw why;
      answer.error(why);
    }
  }
}

export interface DpctlCommand {
  /** Without "dpctl/". */
  readonly name: string;
  readonly usage: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  /** `args` are without the options. A VswitchError thrown ends the answer as an error. */
  run(args: readonly string[], flags: DpctlFlags, answer: DpctlAnswer): void | Promise<void>;
}

export function dpctlCommand(command: DpctlCommand): Command {
  const { name, usage, minArgs, maxArgs } = command;
  return defineCommand({
    name: `dpctl/${name}`,
    usage,
    minArgs,
    maxArgs,
    run(args, reply) {
      const { flags, rest } = readFlags(args);
      const answer = new DpctlAnswer();
      const work = each([rest], answer, (own) => command.run(own, flags, answer));
      return answerLater(
        reply,
        work.then(() => answer.output()),
      );
    },
  });
}

const longFlags: Readonly<Record<string, string>> = {
  '--statistics': 's',
  '--more': 'm',
  '--clear': 'clear',
  '--may-create': 'may-create',
  '--names': 'names',
  '--no-names': 'no-names',
};

/** Options stand before the other arguments. Throws Refused for an unknown one. */
function readFlags(args: readonly string[]): { flags: DpctlFlags; rest: readonly string[] } {
  const rest = [...args];
  const used: string[] = [];
  for (let arg = rest[0]; arg?.startsWith('-') === true && arg.length > 1; arg = rest[0]) {
    used.push(...flagsOf(arg));
    rest.shift();
  }
  const isVerbose = used.includes('m');
  const naming = used.findLast((flag) => flag === 'names' || flag === 'no-names');
  return {
    flags: {
      isVerbose,
      hasStatistics: used.includes('s'),
      isNamed: naming === undefined ? isVerbose : naming === 'names',
      mayCreate: used.includes('may-create'),
      clearsStatistics: used.includes('clear'),
    },
    rest,
  };
}

function flagsOf(arg: string): string[] {
  if (arg.startsWith('--')) {
    const flag = longFlags[arg];
    if (flag === undefined) throw new Refused('dpctl', `Unrecognized option ${arg}`);
    return [flag];
  }
  const letters = [...arg.slice(1)];
  const unknown = letters.find((letter) => letter !== 'm' && letter !== 's');
  if (unknown !== undefined) throw new Refused('dpctl', `Unrecognized option -${unknown}`);
  return letters;
}
