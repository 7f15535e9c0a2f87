/**
 * `npm run demo`: two hosts in network namespaces, joined through a bridge of this switch; shows ping, TCP, the
 * addresses learned and the datapath's flows. Everything lives in one private network namespace and one temporary
 * folder, so nothing stays behind; without root also in a user namespace of its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pc from 'picocolors';

const root = new URL('..', import.meta.url).pathname;
const inside = 'OVS_TS_DEMO_INSIDE';

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
  const missing = [
    ['ip', 'iproute2'],
    ['ping', 'iputils-ping'],
    ['unshare', 'util-linux'],
    ['nsenter', 'util-linux'],
  ].filter(([program]) => !isInstalled(program));
  if (missing.length > 0) {
    fail(
      `needs ${missing.map(([program]) => program).join(', ')}. Run: apt-get install ${missing.map(([, name]) => name).join(' ')}`,
    );
  }
  const isRoot = process.getuid() === 0;
  const user = isRoot ? [] : ['--user', '--map-root-user'];
  if (!isRoot && !canUse('/dev/net/tun')) {
    fail(
      "not root, and /dev/net/tun, which the bridge's own device is made with, is not open to you. Run: sudo npm run demo",
    );
  }
  if (!isRoot && spawnSync('unshare', [...user, '--net', 'true']).status !== 0) {
    fail(
      'not root, and this kernel refuses user namespaces (user.max_user_namespaces, or kernel.unprivileged_userns_clone, or AppArmor). Run: sudo npm run demo',
    );
  }
  const { status } = spawnSync('unshare', [...user, '--net', process.execPath, import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, [inside]: '1' },
  });
  process.exit(status ?? 1);
}

const folder = process.env[inside] === undefined ? undefined : mkdtempSync(join(tmpdir(), 'ovs-ts-demo-'));
const env = {
  ...process.env,
  OVS_RUNDIR: folder,
  OVS_DBDIR: folder,
  OVS_LOGDIR: folder,
  OVS_SYSCONFDIR: folder,
  PATH: `${root}bin:${process.env.PATH}`,
};
const children = [];

function say(text) {
  process.stdout.write(`\n${pc.bold(text)}\n`);
}

/** Runs a command as a person would type it, and shows what it prints. */
function show(command, { quiet = false } = {}) {
  if (!quiet) process.stdout.write(pc.cyan(`  $ ${command}\n`));
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { env, encoding: 'utf8' });
  if (!quiet || status !== 0) process.stdout.write((stdout + stderr).replace(/^(?=.)/gm, '    '));
  if (status !== 0) throw new Error(`'${command}' ended with status ${status}`);
  return stdout;
}

/** A namespace kept by a sleeping process; returns how to run a command in it. */
async function makeHost(name, address) {
  const keeper = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' });
  children.push(keeper);
  const own = spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).stdout;
  while (spawnSync('readlink', [`/proc/${keeper.pid}/ns/net`], { encoding: 'utf8' }).stdout === own)
    await sleep(10);
  const run = `nsenter --net=/proc/${keeper.pid}/ns/net`;
  show(`ip link add to-${name} type veth peer name eth0 netns ${keeper.pid} && ip link set to-${name} up`, {
    quiet: true,
  });
  show(`${run} sh -c 'ip address add ${address}/24 dev eth0 && ip link set eth0 up && ip link set lo up'`, {
    quiet: true,
  });
  return run;
}

async function startSwitch() {
  const daemon = spawn(
    `${root}bin/ovs-vswitchd`,
    ['--embedded-db', `--log-file=${folder}/ovs-vswitchd.log`, '-vconsole:off', '--pidfile'],
    { env, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  children.push(daemon);
  for (let tries = 0; tries < 200; tries++) {
    if (daemon.exitCode !== null) throw new Error(`ovs-vswitchd ended with status ${daemon.exitCode}`);
    if (spawnSync(`${root}bin/ovs-appctl`, ['version'], { env }).status === 0) return;
    await sleep(50);
  }
  throw new Error('ovs-vswitchd does not answer');
}

async function demo() {
  say('The switch, with its own database, in a network namespace of its own');
  show('ip link set lo up', { quiet: true });
  await startSwitch();
  show('ovs-appctl version');

  say('Two hosts, each in a namespace, joined through a bridge');
  const left = await makeHost('left', '10.0.0.1');
  await makeHost('right', '10.0.0.2').then((right) => {
    env.RIGHT = right;
  });
  env.LEFT = left;
  show('ovs-vsctl add-br br0 -- add-port br0 to-left -- add-port br0 to-right');
  show('ovs-vsctl show');

  say('They reach each other');
  show('$LEFT ping -c 3 -i 0.2 10.0.0.2');
  say('The bridge is a device of this host too: give it an address and both reach it');
  show('ip address add 10.0.0.254/24 dev br0 && ip link set br0 up');
  show('$RIGHT ping -c 2 -i 0.2 10.0.0.254');

  say('TCP, with nothing switched off by ethtool');
  if (isInstalled('iperf3')) {
    const server = spawn('sh', ['-c', 'exec $RIGHT iperf3 -s -1'], { env, stdio: 'ignore' });
    children.push(server);
    await sleep(300);
    show('$LEFT iperf3 -c 10.0.0.2 -t 3 -f g | tail -n 4');
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
