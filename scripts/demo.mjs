/**
 * `npm run demo`: two hosts in network namespaces, joined through a bridge of this switch; shows ping, TCP, the
 * addresses learned and the datapath's flows, each command as a person would type it. Everything lives in one private
 * network and mount namespace and one temporary folder, so nothing stays behind; without root also in a user namespace
 * of its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';

const root = new URL('..', import.meta.url).pathname;
const inside = 'OVS_TS_DEMO_INSIDE';
/** Programs that the demo runs, and the Debian packages that have them. */
const needed = { ip: 'iproute2', ping: 'iputils-ping', unshare: 'util-linux', mount: 'mount' };

function isInstalled(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

function canUse(file) {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function fail(why) {
  process.stderr.write(`demo: ${why}\n`);
  process.exit(1);
}

/** Starts this script again in namespaces of its own, and ends as that one ends. */
function enter() {
  const missing = Object.keys(needed).filter((program) => !isInstalled(program));
  if (missing.length > 0)
    fail(
      `needs ${missing.join(', ')}. Run: apt-get install ${missing.map((name) => needed[name]).join(' ')}`,
    );
  const isRoot = process.getuid() === 0;
  const user = isRoot ? [] : ['--user', '--map-root-user'];
  if (!isRoot && !canUse('/dev/net/tun')) {
    fail(
      "not root, and /dev/net/tun, which the bridge's own device is made with, is not open to you. Run: sudo npm run demo",
    );
  }
  const spaces = [...user, '--net', '--mount'];
  if (!isRoot && spawnSync('unshare', [...spaces, 'true']).status !== 0) {
    fail(
      'not root, and this kernel refuses user namespaces (user.max_user_namespaces, or kernel.unprivileged_userns_clone, or AppArmor). Run: sudo npm run demo',
    );
  }
  const { status } = spawnSync('unshare', [...spaces, process.execPath, import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, [inside]: '1' },
  });
  process.exit(status ?? 1);
}

function makeFolder() {
  try {
    return mkdtempSync(join(tmpdir(), 'ovs-ts-demo-'));
  } catch (error) {
    return fail(`no folder for its files: ${error.message}; set TMPDIR to one that you may write to`);
  }
}

const folder = process.env[inside] === undefined ? undefined : makeFolder();
const env = {
  ...process.env,
  OVS_RUNDIR: folder,
  OVS_DBDIR: folder,
  OVS_LOGDIR: folder,
  OVS_SYSCONFDIR: folder,
  PATH: `${root}bin:${process.env.PATH}`,
};
const children = [];

/** In colour where the terminal has any, and the user wants it (NO_COLOR). */
function styled(style, text) {
  return process.stdout.isTTY && process.stdout.hasColors() ? styleText(style, text) : text;
}

function say(text) {
  process.stdout.write(`\n${styled('bold', text)}\n`);
}

function showCommand(command) {
  process.stdout.write(styled('cyan', `  $ ${command}\n`));
}

/** Runs a command, after saying it, and shows what it prints. */
function show(command) {
  showCommand(command);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { env, encoding: 'utf8' });
  process.stdout.write((stdout + stderr).replace(/^(?=.)/gm, '    '));
  if (status !== 0) throw new Error(`'${command}' ended with status ${status}`);
}

/** Starts a command that goes on, after saying it. */
function start(command) {
  showCommand(`${command} &`);
  const child = spawn('sh', ['-c', `exec ${command}`], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

/** `ip netns` keeps its namespaces in /run/netns: here in one that nobody else sees, and an ordinary user can write. */
function hideRun() {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot mount a private /run: ${stderr.trim()}`);
}

function makeHost(name, address) {
  show(`ip netns add ${name}`);
  show(`ip link add to-${name} up type veth peer name eth0 netns ${name}`);
  show(`ip -n ${name} address add ${address}/24 dev eth0`);
  show(`ip -n ${name} link set eth0 up`);
}

async function startSwitch() {
  const daemon = start('ovs-vswitchd --embedded-db --pidfile --log-file -vconsole:off');
  await until('ovs-vswitchd does not answer', () => {
    if (daemon.exitCode !== null) throw new Error(`ovs-vswitchd ended with status ${daemon.exitCode}`);
    return spawnSync(`${root}bin/ovs-appctl`, ['version'], { env }).status === 0;
  });
}

async function startIperf() {
  start('ip netns exec right iperf3 -s -1');
  const listening = ['netns', 'exec', 'right', 'ss', '-Hltn', 'sport = :5201'];
  await until('iperf3 does not listen', () => spawnSync('ip', listening, { env }).stdout.length > 0);
}

/** Throws with the complaint when it takes a minute. */
async function until(complaint, isTrue) {
  for (const end = Date.now() + 60_000; !isTrue(); await sleep(50)) {
    if (Date.now() > end) throw new Error(complaint);
  }
}

async function demo() {
  hideRun();
  const packages = [...new Set(Object.values(needed)), 'iperf3'];
  process.stdout.write(
    `Uses the Debian packages ${packages.join(', ')}. All below is in namespaces of its own, with\n`,
  );
  process.stdout.write(
    `${root}bin in $PATH and $OVS_RUNDIR, $OVS_DBDIR and $OVS_LOGDIR set to a folder for the demo.\n`,
  );

  say('The switch, with its own database');
  show('ip link set lo up');
  await startSwitch();
  show('ovs-appctl version');

  say('Two hosts, each in a namespace, and a cable from each to here');
  makeHost('left', '10.0.0.1');
  makeHost('right', '10.0.0.2');

  say('A bridge joins the cables');
  show('ovs-vsctl add-br br0 -- add-port br0 to-left -- add-port br0 to-right');
  show('ovs-vsctl show');

  say('They reach each other');
  show('ip netns exec left ping -c 3 -i 0.2 10.0.0.2');
  say('The bridge is a device of this host too: give it an address and both reach it');
  show('ip address add 10.0.0.254/24 dev br0 && ip link set br0 up');
  show('ip netns exec right ping -c 2 -i 0.2 10.0.0.254');

  say('TCP, with nothing switched off by ethtool');
  if (isInstalled('iperf3')) {
    await startIperf();
    show('ip netns exec left iperf3 -c 10.0.0.2 -t 3 -f g | tail -n 4');
  } else process.stdout.write('    iperf3 is not installed. Run: apt-get install iperf3\n');

  say('What the bridge learned');
  show('ovs-appctl fdb/show br0');
  say('What the datapath does with packets');
  show('ovs-appctl dpif/show');
  show('ovs-appctl dpctl/dump-flows --names');
}

async function cleanUp() {
  for (const child of children.reverse()) {
    if (child.exitCode === null && child.kill()) await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
}

if (folder === undefined) enter();
let status = 0;
process.stdout.on('error', async () => {
  await cleanUp(); // nobody reads any more
  process.exit(1);
});
try {
  await demo();
  say('Done; nothing stays behind');
} catch (error) {
  process.stderr.write(`demo: ${error.message}\n`);
  status = 1;
} finally {
  await cleanUp();
}
process.exit(status);
