/** ovs-vswitchd as a program: from its command line to a running `Switch`, and to an orderly end. */

import { CoverageRates } from '../../base/coverage.ts';
import { defer } from '../../base/defer.ts';
import { logger, logRegistry } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { withinTime } from '../../base/time-limit.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { addBuiltinCommands, formatMemory } from '../../daemon/builtin-commands.ts';
import { listenForCommands } from '../../daemon/control-socket.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { isUsed } from '../../daemon/options.ts';
import { printOut } from '../../daemon/output.ts';
import { processInput } from '../../daemon/process-bytes.ts';
import { applyLogOptions, type Program, programVersion, VERSION, versionHelp } from '../../daemon/program.ts';
import { readSystemRelease } from '../../daemon/system-release.ts';
import { Commands, UnixctlServer } from '../../daemon/unixctl.ts';
import { DropCoverage } from '../../datapath/drops.ts';
import { logCores, readCores } from '../../datapath/polling/cores.ts';
import { openDatagrams } from '../../net/datagrams.ts';
import { systemTransport } from '../../net/transport.ts';
import { addressOfDevice } from '../../netdev/device-address.ts';
import { DummyDevices } from '../../netdev/dummy/device.ts';
import { findNeighbour } from '../../netdev/neighbours.ts';
import { leaveDevices } from '../../netdev/registry.ts';
import { takeTestActions } from '../../openflow/action-codec.ts';
import { dummyCommands } from '../commands/dummy.ts';
import { switchCommands } from '../commands/index.ts';
import { timeCommands } from '../commands/time.ts';
import { frameLinks } from '../frame-links.ts';
import type { LoopPart } from '../main-loop.ts';
import { watchMemory } from '../memory.ts';
import { readSystemStatistics } from '../report/system-statistics.ts';
import { openVswitch } from '../schema/index.ts';
import { Switch, type SwitchDeps } from '../switch.ts';
import { WarpClock } from '../warp-clock.ts';
import { greet } from './greeting.ts';
import { hostCores } from './host-cores.ts';
import { helpText, type ProgramOptions, readCommandLine, readProgramOptions } from './options.ts';
import { databaseClient, type OpenDatabase, type OwnDatabase } from './own-database.ts';
import { ownDevices } from './own-devices.ts';
import { isWritableFolder, prepareFolders, quickstartDirectories } from './quickstart.ts';
import { SwitchNetwork } from './switch-network.ts';
import { systemProviders } from './system-providers.ts';

const log = logger('bridge');

/** What is being changed when the process is to end may take no longer than this. */
const endTime = ms(5000);

/** `open` is for `--embedded-db`. */
export async function vswitchd(given: Program, open: OpenDatabase): Promise<number | undefined> {
  const line = readCommandLine(given.args);
  if (isUsed(line, 'help')) return print(helpText(given));
  if (isUsed(line, 'version')) return print(versionHelp(given.name));
  const program = isUsed(line, 'quickstart') ? withOwnFolders(given) : given;
  const options = readProgramOptions(line, program);
  if (options.isQuickstart) prepareFolders(program.directories, options.embedded ?? '');
  if (options.isQuickstart && !isUsed(line, 'verbose')) logRegistry.setLevel('warn', 'console');
  applyLogOptions(line, program, 'no file');
  const daemon = await startDaemon(options.daemon, program, { keepsNetwork: true });
  await serve(program, options, daemon, open);
  return undefined;
}

async function serve(
  program: Program,
  options: ProgramOptions,
  daemon: Daemon,
  open: OpenDatabase,
): Promise<void> {
  // Differs: the JavaScript engine gives memory back by means that fail for locked memory, and ends the process then.
  if (options.locksMemory) log.info('--mlockall has no effect: this process cannot lock its memory');
  const clock = new WarpClock();
  if (options.dummy !== 'none') {
    logRegistry.setClock(clock);
    takeTestActions();
  }
  const timers = new Timers(clock);
  const database = await openDatabase(program, options, timers, open);
  if (database !== undefined) daemon.atExit(() => database.close());
  const commands = new Commands();
  const unixctl = new UnixctlServer(commands);
  await listenForCommands(unixctl, options.unixctl ?? 'none', program, daemon);
  daemon.atExit(leaveDevices);

  const client = databaseClient(program, options, timers, database);
  const { run: runFolder } = program.directories;
  const dummies = new DummyDevices(frameLinks({ transport: systemTransport, timers, runFolder }));
  const drops = new DropCoverage();
  const rates = new CoverageRates(clock.now(), () =>
    drops.collect([...aSwitch.backers.values()].map(({ datapath }) => datapath)),
  );
  const aSwitch: Switch = makeSwitch(options, {
    ...{ client, timers, dummies, runFolder },
    hasOwnDatabase: database !== undefined,
    moreParts: [
      { name: 'unixctl', run: () => unixctl.run() },
      { name: 'coverage', run: () => rates.run(clock.now()) },
    ],
  });
  const { loop, reconciler } = aSwitch;
  unixctl.onWake = () => loop.wake();

  const end = async (cleanup: boolean): Promise<void> => {
    const stopped = aSwitch.stop({ cleanup });
    await (cleanup ? stopped : withinTime(endTime, stopped)); // what is not removed now would stay
    client.close();
    database?.close();
  };
  daemon.onHangup = () => void program.log.reopenFile();
  daemon.onSignal = (signal) => {
    // Who tries the switch out and ends it at the terminal wants nothing left of it.
    const cleanup = options.isQuickstart && signal === 'SIGINT';
    void end(cleanup).then(() => daemon.endBy(signal));
  };
  addBuiltinCommands(commands, {
    name: program.name,
    log: program.log,
    rates,
    memoryCounts: () => aSwitch.usage(),
    exitUsage: '[--cleanup]',
    exit: (args, done) =>
      void end(args.includes('--cleanup')).then(() => {
        done();
        defer(() => process.exit(0));
      }),
  });
  commands.add(...switchCommands(aSwitch, clock), ...(database?.commands ?? []));
  if (options.dummy !== 'none')
    commands.add(...timeCommands(clock, timers, loop), ...dummyCommands(aSwitch, dummies));
  watchMemory({
    timers,
    peakKilobytes: () => process.resourceUsage().maxRSS,
    counts: () => formatMemory(aSwitch.usage()).text,
  });
  reconciler.onConfigured = () => {
    daemon.ready();
    log.info(programVersion('ovs-vswitchd').trimEnd());
    if (options.isQuickstart) greet(program, options, [...aSwitch.state.bridges.keys()]);
  };
  aSwitch.start();
}

interface SwitchParts extends Pick<SwitchDeps, 'client' | 'timers'> {
  readonly runFolder: string;
  readonly dummies: DummyDevices;
  /** Which no start script tells what versions there are. */
  readonly hasOwnDatabase: boolean;
  readonly moreParts: readonly LoopPart[];
}

function makeSwitch(
  options: ProgramOptions,
  { client, timers, runFolder, dummies, hasOwnDatabase, moreParts }: SwitchParts,
): Switch {
  const mark = ownDevices(runFolder, hasOwnDatabase ? ['unix:db.sock'] : options.remotes);
  const cores = options.dummyNuma === undefined ? hostCores() : readCores(options.dummyNuma);
  logCores(cores);
  return new Switch({
    client,
    timers,
    defer,
    random: systemRandom,
    providers: systemProviders(options, { timers, mark, random: systemRandom }, dummies, cores),
    pid: process.pid,
    transport: systemTransport,
    network: new SwitchNetwork(options, dummies),
    openDatagrams,
    addressOf: addressOfDevice,
    tls: options.tls,
    runFolder,
    ...(options.dummy !== 'override' && { neighbourOf: findNeighbour }),
    systemStatistics: () => readSystemStatistics(runFolder),
    versions: hasOwnDatabase ? versions() : undefined,
    moreParts,
  });
}

function withOwnFolders(program: Program): Program {
  const directories = quickstartDirectories(program.directories, processInput().env, isWritableFolder);
  return { ...program, directories };
}

async function openDatabase(
  program: Program,
  options: ProgramOptions,
  timers: Timers,
  open: OpenDatabase,
): Promise<OwnDatabase | undefined> {
  if (options.embedded === undefined) return undefined;
  const { tls, embedded: file } = options;
  return open({ file, schema: openVswitch, rundir: program.directories.run, tls, timers, defer });
}

function versions() {
  const { type, version } = readSystemRelease();
  return { ovs: VERSION, db: openVswitch.version, system: type, systemVersion: version };
}

function print(text: string): undefined {
  printOut(text, 'ends');
  return undefined;
}
