/** `system` ports: network devices that exist already, physical or veth. Named by `registry.ts` only. */
import { errnos, syscallFailed } from '../../base/errno.ts';
import { linkMonitor } from '../../sys/netlink/monitor.ts';
import { KernelNetdev } from '../kernel-netdev.ts';
import type { NetdevProvider } from '../provider.ts';
import { dropIngress } from './ingress-drop.ts';

export const systemProvider: NetdevProvider = {
  type: 'system',
  async open(name, config, { timers }) {
    const monitor = linkMonitor();
    const link = monitor.byName(name);
    if (link === undefined)
      throw syscallFailed('open', errnos.ENODEV, `could not open network device ${name}`);
    const drop = dropIngress(link.name, link.ifindex, timers);
    const close = async (): Promise<void> => drop[Symbol.dispose]();
    const netdev = new KernelNetdev({
      type: 'system',
      name,
      link,
      portSpec: { kind: 'packet', name, ifindex: link.ifindex },
      monitor,
      timers,
      isOurs: false,
      isAdopted: false,
      close,
      leave: close,
    });
    await netdev.configure(config);
    return netdev;
  },
};
