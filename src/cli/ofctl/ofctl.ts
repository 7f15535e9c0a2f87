/**
 * ovs-ofctl: speaks OpenFlow. ovs-ofctl(8).
 * Differs: of what is wrong with a message less is logged; --read-only lets all through that leaves a switch as it is;
 * -f json shows messages as JSON.
 */
import { isatty } from 'node:tty';
import { daemonHelp } from '../../daemon/daemon.ts';
import { isUsed, lastArgument, optionList, readOptions, UsageError } from '../../daemon/options.ts';
import { printError, printOut } from '../../daemon/output.ts';
import {
  applyLogOptions,
  connectionHelp,
  limitRunTime,
  logHelp,
  type Program,
  readTimeout,
  versionHelp,
} from '../../daemon/program.ts';
import { type CommandShape, listCommands } from '../command-table.ts';
import { commandContext, ofctlOptions, runCommand } from './command-line.ts';
import { ofctlCommands } from './commands.ts';
import type { OfctlContext, OutputStreams } from './context.ts';

const standardOutput: OutputStreams = {
  print: (text) => printOut(text, 'ends'),
  printError,
  end: (text) => {
    printError(text);
    process.exit(1);
  },
};

/** The whole program; resolves with its exit status. */
export async function ofctl(program: Program, output: OutputStreams = standardOutput): Promise<number> {
  const line = readOptions(program.args, ofctlOptions);
  const print = (text: string): number => {
    output.print(text);
    return 0;
  };
  if (isUsed(line, 'help')) return print(helpText(program));
  if (isUsed(line, 'option')) return print(optionList(ofctlOptions));
  if (isUsed(line, 'version')) return print(versionHelp(program.name, 'OpenFlow versions 0x1:0x6'));
  const timeout = lastArgument(line, 'timeout');
  if (timeout !== undefined) limitRunTime(readTimeout(timeout, '-t'));
  const [name, ...args] = line.rest;
  const command = name === undefined ? undefined : ofctlCommands.get(name);
  applyLogOptions(line, program, command?.mayDetach === true ? 'no file' : 'log file');
  const context: OfctlContext = {
    ...commandContext(line, isatty(1)),
    ...output,
    process: { program, line },
    rundir: program.directories.run,
    warn: (text) => output.printError(`${program.name}: ${text}\n`),
  };
  if (name === undefined) throw new UsageError('missing command name; use --help for help');
  if (name === 'help') return print(helpText(program));
  if (name === 'list-commands') return print(listCommands(listed));
  return runCommand(context, line, name, args);
}

const ownCommand: CommandShape = { usage: '', min: 0, max: Number.POSITIVE_INFINITY };

/** With those that are about the program itself, behind the commands about switches. */
const listed: ReadonlyMap<string, CommandShape> = new Map(
  [...ofctlCommands].flatMap(([name, shape]): [string, CommandShape][] =>
    name === 'parse-flow'
      ? [
          ['help', ownCommand],
          ['list-commands', ownCommand],
          [name, shape],
        ]
      : [[name, shape]],
  ),
);

function helpText(program: Program): string {
  const { name } = program;
  return `${name}: OpenFlow switch management utility
usage: ${name} [OPTIONS] COMMAND [ARG...]

For OpenFlow switches:
  show SWITCH                 show OpenFlow information
  dump-desc SWITCH            print switch description
  dump-tables SWITCH          print table stats
  dump-table-features SWITCH  print table features
  dump-table-desc SWITCH      print table description (OF1.4+)
  mod-port SWITCH IFACE ACT   modify port behavior
  mod-table SWITCH TABLE MOD  modify flow table behavior
      OF1.1/1.2 MOD: controller, continue, drop
      OF1.4+ MOD: evict, noevict, vacancy:low,high, novacancy
  dump-ports SWITCH [PORT]    print port statistics
  dump-ports-desc SWITCH [PORT]  print port descriptions
  dump-flows SWITCH [FLOW]    print matching flows
  dump-aggregate SWITCH [FLOW]  print aggregate statistics of matching flows
  add-flow SWITCH FLOW        add flow described by FLOW
  add-flows SWITCH FILE       add flows from FILE
  mod-flows SWITCH FLOW       modify actions of matching flows
  del-flows SWITCH [FLOW]     delete matching flows
  replace-flows SWITCH FILE   replace flows with those in FILE
  diff-flows SOURCE1 SOURCE2  compare flows from two sources
  get-frags SWITCH            print fragment handling behavior
  set-frags SWITCH FRAG_MODE  set fragment handling behavior
  queue-stats SWITCH [PORT [QUEUE]]  dump queue stats
  queue-get-config SWITCH [PORT [QUEUE]]  print queue config for PORT
  packet-out SWITCH IN_PORT ACTIONS PACKET...
                              execute ACTIONS on PACKET
  add-group SWITCH GROUP      add group described by GROUP
  add-groups SWITCH FILE      add group from FILE
  [--may-create] mod-group SWITCH GROUP  modify specific group
  del-groups SWITCH [GROUP]   delete matching GROUPs
  insert-buckets SWITCH [GROUP]  add buckets to GROUP
  remove-buckets SWITCH [GROUP]  remove buckets from GROUP
  dump-group-features SWITCH  print group features
  dump-groups SWITCH [GROUP]  print group description
  dump-group-stats SWITCH [GROUP]  print group statistics
  add-meter SWITCH METER      add meter described by METER
  mod-meter SWITCH METER      modify specific METER
  del-meters SWITCH [METER]   delete meters matching METER
  dump-meters SWITCH [METER]  print METER configuration
  meter-stats SWITCH [METER]  print meter statistics
  meter-features SWITCH       print meter features
  bundle SWITCH FILE          change flows and groups and send packets, all at once
  add-tlv-map SWITCH MAP      add TLV option MAPpings
  del-tlv-map SWITCH [MAP]    delete TLV option MAPpings
  dump-tlv-map SWITCH         print TLV option mappings
  dump-ipfix-bridge SWITCH    print ipfix stats of bridge
  dump-ipfix-flow SWITCH      print flow ipfix of a bridge
  ct-flush-zone SWITCH ZONE   flush conntrack entries in ZONE
  ct-flush SWITCH [ZONE] [CT_ORIG_TUPLE [CT_REPLY_TUPLE]]
                              flush conntrack entries specified
                              by CT_ORIG/REPLY_TUPLE and ZONE
  monitor SWITCH [MISSLEN] [invalid_ttl] [watch:[...]]
                              print packets received from SWITCH
  snoop SWITCH                snoop on SWITCH and its controller

For OpenFlow switches and controllers:
  probe TARGET                probe whether TARGET is up
  ping TARGET [N]             latency of N-byte echos
SWITCH or TARGET is a bridge or an active OpenFlow connection method.

Commands that need no switch:
  parse-flow FLOW             print FLOW as it would be sent
  parse-flows FILE            print the flows in FILE as they would be sent
  ofp-parse FILE              print messages read from FILE
  ofp-print HEX [VERBOSITY]   print a message given as hexadecimal digits
  encode-hello BITMAP         print the hello of a speaker of these versions
  print-error NAME            print the numbers of an error
  list-commands               list all commands
${connectionHelp('OpenFlow', {})}
${daemonHelp(program)}
OpenFlow version options:
  -O, --protocols             set allowed OpenFlow versions
                              (default: OpenFlow10, or a later one that works)
  -F, --flow-format=FORMAT    force particular flow format
  --bundle                    change all at once or nothing
${logHelp(program)}
Other options:
  --strict                    use strict match for flow commands
  --read-only                 do not execute read/write commands
  --readd                     replace flows that haven't changed
  -m, --more                  be more verbose printing OpenFlow
  --[no-]names                show and accept names of ports and tables
  --[no-]stats                print counters and times in dumps of flows
  --sort[=FIELD]              sort flows by FIELD, or by priority
  --rsort[=FIELD]             the same, in the reverse order
  -P, --packet-in-format=FRMT force particular packet in format
  --timestamp                 (monitor, snoop) print timestamps
  -f, --format=FORMAT         show messages as text or json
  --unixctl=SOCKET            set control socket name
  --color[=always|never|auto] control use of color in output
  --raw                       (ofp-print -) read bytes, not digits
  -t, --timeout=SECS          give up after SECS seconds
  -o, --option                list all options, for shells
  -h, --help                  display this help message
  -V, --version               display version information
`;
}
