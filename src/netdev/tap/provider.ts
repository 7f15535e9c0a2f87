/**
 * `tap` and `internal` ports: TAP devices that live as long as the switch holds them open. The local port of a bridge
 * is an `internal` one named like the bridge. Named by `registry.ts` only.
 */
import { syscallFailed } from '../../base/errno.ts';
import { openTap } from '../../sys/calls/device.ts';
import { closeFd } from '../../sys/calls/fd.ts';
import { errnos } from '../../sys/calls/libc.ts';
import { linkMonitor } from '../../sys/netlink/monitor.ts';
import { KernelNetdev } from '../kernel-netdev.ts';
import type { Netdev, NetdevConfig, NetdevProvider } from '../provider.ts';
import { closeTap } from './tap-removal.ts';

export const tapProvider: NetdevProvider = { type: 'tap', open: (name, config) => open('tap', name, config) };
export const internalProvider: NetdevProvider = {
  type: 'internal',
  open: (name, config) => open('internal', name, config),
};

async function open(type: string, name: string, config: NetdevConfig): Promise<Netdev> {
  const monitor = linkMonitor();
  const fd = openTap(name);
  const link = monitor.byName(name);
  if (link === undefined) {
    closeFd(fd);
    throw syscallFailed('open', errnos.ENODEV, `could not open network device ${name}`);
  }
  const netdev = new KernelNetdev({
    type,
    name,
    link,
    portSpec: { kind: 'tap', name, fd },
    monitor,
    isOurs: true,
    close: () => closeTap({ fd, ifindex: link.ifindex, name }),
  });
  await netdev.configure(config);
  return netdev;
}
