/** `ovs-ctl enable-protocol`: lets a protocol, such as that of a tunnel, through the host's packet filter. */
import { readTextOrEmpty } from '../../base/files.ts';
import { action, type Task } from './task.ts';

/** The exit status. */
export function enableProtocol({ config, host }: Task): number {
  const { name, sport, dport } = config.protocol;
  if (!isProtocol(name)) {
    action(`unknown protocol ${name}`, false);
    return 1;
  }
  const shown = `${name}${dport === undefined ? '' : ` to port ${dport}`}${sport === undefined ? '' : ` from port ${sport}`}`;
  if (!host.tryQuietly('iptables', ['-n', '-L', 'INPUT']).isOk) {
    const isInstalled = host.tryQuietly('iptables', ['--version']).isOk;
    const why = isInstalled ? 'cannot list iptables rules' : 'iptables binary not installed';
    action(`${why}, not adding a rule for ${shown}`, true);
    return 0;
  }
  const ports = [
    ...(dport === undefined ? [] : ['--dport', dport]),
    ...(sport === undefined ? [] : ['--sport', sport]),
  ];
  const rule = ['INPUT', '-p', name, ...ports, '-j', 'ACCEPT'];
  if (host.tryQuietly('iptables', ['-C', ...rule]).isOk) {
    action(`iptables already has a rule for ${shown}, not explicitly enabling`, true);
    return 0;
  }
  return action(`Enabling ${shown} with iptables`, host.run('iptables', ['-I', ...rule]).isOk) ? 0 : 1;
}

function isProtocol(name: string): boolean {
  return readTextOrEmpty('/etc/protocols')
    .split('\n')
    .some((line) => /^(\S+)[ \t]+[0-9]+/.exec(line)?.[1] === name);
}
