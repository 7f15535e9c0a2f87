/**
 * ovs-testcontroller: makes learning switches of the switches that connect to it, or that it connects to.
 * ovs-testcontroller(8).
 * Differs: any number of switches and listeners, where the reference has 16 of each; and --mute does what the manual says,
 * where the reference answers all the same.
 */
import { systemClock } from '../../base/clock.ts';
import { CoverageRates } from '../../base/coverage.ts';
import { defer } from '../../base/defer.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { Timers } from '../../base/timers.ts';
import { driveTimers } from '../../base/timers-drive.ts';
import { ms } from '../../base/units.ts';
import { addBuiltinCommands } from '../../daemon/builtin-commands.ts';
import { listenForCommands } from '../../daemon/control-socket.ts';
import { type Daemon, readDaemonOptions, startDaemon } from '../../daemon/daemon.ts';
import { isUsed, lastArgument, readOptions } from '../../daemon/options.ts';
import { printOut } from '../../daemon/output.ts';
import { applyLogOptions, Fatal, type Program, versionHelp } from '../../daemon/program.ts';
import { Commands, UnixctlServer } from '../../daemon/unixctl.ts';
import { listenStreams } from '../../net/listener.ts';
import { isActiveName, OPENFLOW_PORT, readActiveRemote, readPassiveRemote } from '../../net/remote.ts';
import { connectStream, type Stream } from '../../net/stream.ts';
import { openProbed } from '../../openflow/connection/probed.ts';
import { LearningSwitch } from '../../openflow/learning-switch.ts';
import { type ControllerConfig, controllerHelp, controllerOptions, readController } from './options.ts';

const log = logger('controller');
const probeInterval = ms(60_000);

/** Returns the exit status. */
export async function testController(program: Program): Promise<number> {
  const line = readOptions(program.args, controllerOptions);
  if (isUsed(line, 'help')) return print(controllerHelp(program));
  if (isUsed(line, 'version')) return print(versionHelp(program.name, 'OpenFlow versions 0x1:0x6'));
  const config = await readController(line, program);
  applyLogOptions(line, program, 'no file');
  if (line.rest.length === 0) throw new Fatal('at least one vconn argument required; use --help for usage');
  const daemon = await startDaemon(readDaemonOptions(line, program), program);
  const timers = new Timers(systemClock);
  driveTimers(timers);
  const controller = new Controller(config, program, daemon, timers);
  for (const name of line.rest) await controller.open(name);
  if (controller.peerCount === 0) throw new Fatal('no active or passive switch connections');
  const { exited } = await openUnixctl(lastArgument(line, 'unixctl'), program, daemon, timers);
  daemon.ready();
  await Promise.race([exited, controller.left]);
  return 0;
}

class Controller {
  readonly #config: ControllerConfig;
  readonly #program: Program;
  readonly #daemon: Daemon;
  readonly #timers: Timers;
  /** Resolves when there is nobody left to serve, and nobody can come. */
  readonly left: Promise<void>;
  #onLeft: () => void = () => {};
  /** Listeners and connections. */
  peerCount = 0;

  constructor(config: ControllerConfig, program: Program, daemon: Daemon, timers: Timers) {
    this.#config = config;
    this.#program = program;
    this.#daemon = daemon;
    this.#timers = timers;
    this.left = new Promise((resolve) => {
      this.#onLeft = resolve;
    });
  }

  /** Connects or listens; a failure is logged. */
  async open(name: string): Promise<void> {
    const { tls } = this.#config;
    const context = { defaultPort: OPENFLOW_PORT, rundir: this.#program.directories.run };
    try {
      if (isActiveName(name)) {
        this.#serve(await connectStream(readActiveRemote(name, context), { tls }));
        return;
      }
      const remote = readPassiveRemote(name, context);
      const listener = await listenStreams(remote, { tls }, (stream) => this.#serve(stream));
      this.#daemon.atExit(() => listener.close());
      this.peerCount++;
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      log.err(`${name}: connect: ${why.reason}`);
    }
  }

  #serve(stream: Stream): void {
    this.peerCount++;
    const gone = (): void => {
      this.peerCount--;
      if (this.peerCount === 0) this.#onLeft();
    };
    this.#converse(stream).then(gone, (why: unknown) => {
      if (!(why instanceof SyscallFailed)) throw why;
      gone();
    });
  }

  /** Resolves at the end of the connection. */
  async #converse(stream: Stream): Promise<void> {
    const { learning, versions } = this.#config;
    const connection = await openProbed(stream, {
      versions,
      leavesEchoes: true,
      timers: this.#timers,
      probeInterval,
    });
    const controller = new LearningSwitch(connection, learning, systemClock);
    controller.start();
    try {
      for await (const message of connection.messages()) controller.receive(message);
    } finally {
      connection.close();
    }
  }
}

/** `exited` resolves when `exit` was asked for. */
async function openUnixctl(
  path: string | undefined,
  program: Program,
  daemon: Daemon,
  timers: Timers,
): Promise<{ readonly exited: Promise<void> }> {
  const commands = new Commands();
  const server = new UnixctlServer(commands);
  const rates = new CoverageRates(timers.clock.now());
  const sample = (): void => {
    timers.at(rates.run(timers.clock.now()), sample);
  };
  sample();
  const exited = new Promise<void>((resolve) => {
    addBuiltinCommands(commands, {
      name: program.name,
      log: program.log,
      rates,
      memoryCounts: () => new Map(),
      exit(_args, done) {
        done();
        defer(resolve);
      },
    });
  });
  server.onWake = () => server.run();
  await listenForCommands(server, path, program, daemon);
  return { exited };
}

function print(text: string): number {
  printOut(text, 'is ignored');
  return 0;
}
