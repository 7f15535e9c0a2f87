/** Debian packages that the system tests and benches compare with or use: which are missing, and installing them. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

export const packages = [
  'openvswitch-switch', // the reference daemon and tools
  'openvswitch-common',
  'openvswitch-testcontroller',
  'python3-openvswitch', // the reference's Python client library
  'ovn-central', // ovn-northd, ovn-nbctl and the schemas
  'ovn-host', // ovn-controller, which drives switches
  'ethtool',
  'frr', // another implementation of BFD
  'iperf3',
  'iproute2',
  'iputils-ping',
  'lldpd', // another implementation of LLDP
  'nfdump', // a collector of NetFlow, IPFIX and sFlow
  'openssl',
  'pmacct', // another collector of sFlow
  'python3-os-ken', // another implementation of OpenFlow
  'strace', // what both daemons ask of the kernel
  'tcpdump',
  'tshark',
];

export function missingPackages() {
  return packages.filter((name) => {
    const { stdout, status } = spawnSync('dpkg-query', ['-W', '-f', `\${db:Status-Status}`, name]);
    return status !== 0 || String(stdout) !== 'installed';
  });
}

/** Services of packages must not start: the tests run their own daemons in folders of their own. */
const policy = '/usr/sbin/policy-rc.d';

/** Another apt-get, which a new machine may run by itself, is waited for. */
const lockLimitMs = 600_000;

/** Returns what is still missing afterwards. */
export function installPackages() {
  const missing = missingPackages();
  if (missing.length === 0 || process.getuid() !== 0 || !existsSync('/usr/bin/apt-get')) return missing;
  process.stderr.write(`installing Debian packages: ${missing.join(' ')} ...\n`);
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const deadline = Date.now() + lockLimitMs;
    const apt = (...args) => {
      for (;;) {
        const { stderr } = spawnSync('apt-get', ['-qq', ...args], {
          env,
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        if (!/could not get lock/i.test(stderr) || Date.now() > deadline) return process.stderr.write(stderr);
        spawnSync('sleep', ['3']);
      }
    };
    apt('update');
    apt('install', '-y', '--no-install-recommends', ...missing);
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
  return missingPackages();
}
