/**
 * `tap` and `internal` ports: TAP devices that the switch makes and marks as its own. They stay when the process ends,
 * with what the host has made of them (addresses, routes, MTU), and the next process goes on with them; they go with
 * their port. The local port of a bridge is an `internal` one named like the bridge. Named by `registry.ts` only.
 */
import { errnos, syscallFailed } from '../../base/errno.ts';
import { Refused, SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { isPersistentTap, isTapAttached, makePersistent, tunProblem } from '../../sys/calls/device.ts';
import { closeFd, closeInBackground } from '../../sys/calls/fd.ts';
import { addAlternativeName, type Link, readLink, removeAlternativeName } from '../../sys/netlink/link.ts';
import { linkMonitor } from '../../sys/netlink/monitor.ts';
import type { DeviceMark } from '../device-mark.ts';
import { KernelNetdev } from '../kernel-netdev.ts';
import type { Netdev, NetdevConfig, NetdevDeps, NetdevProvider } from '../provider.ts';
import { openTapWhenFree } from './left-taps.ts';
import { closeTap } from './tap-removal.ts';

const log = logger('netdev');

export const tapProvider: NetdevProvider = {
  type: 'tap',
  open: (name, config, deps) => open('tap', name, config, deps),
};
export const internalProvider: NetdevProvider = {
  type: 'internal',
  open: (name, config, deps) => open('internal', name, config, deps),
};

async function open(
  type: string,
  name: string,
  config: NetdevConfig,
  { timers, mark }: NetdevDeps,
): Promise<Netdev> {
  const before = readLink(name);
  requireOurs(before, mark);
  const fd = await openTapWhenFree(name, timers).catch(tellOfTun);
  try {
    const monitor = linkMonitor();
    const known = monitor.byName(name);
    const isAdopted = isPersistentTap(fd);
    const link = before?.ifindex === known?.ifindex ? before : readLink(name);
    if (isAdopted) requireOurs(link, mark); // it may have come since we looked
    if (link === undefined || known === undefined)
      throw syscallFailed('open', errnos.ENODEV, `could not open network device ${name}`);
    keep(fd, link, mark);
    const netdev = new KernelNetdev({
      type,
      name,
      link: known,
      portSpec: { kind: 'tap', name, fd },
      monitor,
      timers,
      isOurs: true,
      isAdopted,
      hold: {
        isAttached: () => isTapAttached(fd),
        isOn: ({ alternativeNames }) => alternativeNames.includes(mark.nameFor(link.ifindex)),
      },
      leave: () => closeInBackground(fd),
      close: () => closeTap({ fd, ifindex: link.ifindex, name }),
    });
    await netdev.configure(config);
    return netdev;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

const unable = new LimitedSite({ perMinute: 1, burst: 1 });

/** Throws the error on, which names no remedy. */
function tellOfTun(error: unknown): never {
  const why = tunProblem();
  if (why !== undefined)
    log.limited('warn', unable, `bridges and internal ports cannot have devices: ${why}`);
  throw error;
}

/**
 * Throws Refused for a TAP device that somebody else made.
 * Differs: the reference takes any TAP device of the port's name that nobody is attached to, and deletes it with the
 * port.
 */
function requireOurs(link: Link | undefined, mark: DeviceMark): void {
  if (link?.kind !== 'tun' || mark.namesOn(link).length > 0) return;
  const { name } = link;
  throw new Refused(
    'EEXIST',
    `could not open network device ${name} (File exists): this switch did not make that TAP device; ` +
      `remove it (ip link delete ${name}), or give the port another name`,
  );
}

/** The mark comes first: a device that stays without it is nobody's. */
function keep(fd: number, link: Link, mark: DeviceMark): void {
  const { ifindex, name } = link;
  const tried = `${name}: cannot make the device outlive this process`;
  const [wanted, found] = [mark.nameFor(ifindex), mark.namesOn(link)];
  try {
    if (!found.includes(wanted)) addAlternativeName(ifindex, wanted, tried);
    makePersistent(fd, tried);
    for (const former of found) if (former !== wanted) removeAlternativeName(ifindex, former, tried);
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    log.warn(error.message);
  }
}
