/**
 * Keeps what a port receives from the host's own network stack: it belongs to the switch alone, as with the
 * reference's kernel datapath. Otherwise the host would answer ARP for its addresses on every port, and spend time on
 * each frame. Packet sockets, ours and those of others, see frames before this does.
 * Differs: bridges of datapath_type=netdev keep frames of their ports from the host too; the reference leaves that to
 * the administrator's firewall.
 */
import { SyscallFailed } from '../../base/errors.ts';
import { readFileSync, writeFileSync } from '../../base/files.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import { attachToIngress, loadIngressProgram } from '../../sys/calls/bpf.ts';
import { isDescriptorLimit } from '../../sys/calls/descriptors.ts';
import { closeInBackground } from '../../sys/calls/fd.ts';
import { linkMonitor } from '../../sys/netlink/monitor.ts';

const log = logger('netdev_linux');

/** r0 = TCX_DROP; exit */
const dropAll = Uint8Array.of(0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

/**
 * The kernel configures no device while it attaches a program, for some milliseconds: ports that are added together are
 * all to be there before. Until then the host is kept from answering ARP on them, or its peers would remember the
 * wrong address.
 */
const delay = ms(200);
/** While too many files are open. */
const retryDelay = ms(5000);
const postponed = new LimitedSite({ perMinute: 1, burst: 1 });
/** `arp_ignore` of a device that answers no ARP: the kernel's Documentation/networking/ip-sysctl.rst. */
const noArp = '8';

/** Loaded with the first port and kept; -1 where the kernel refuses, which is said once. */
let program: number | undefined;
/** Programs are attached and detached one after the other, lest others who configure devices wait for many. */
let last: Promise<void> = Promise.resolve();

/**
 * Soon, and until it is disposed of, the host sees no frame of that device. Where the kernel cannot, it goes on seeing
 * them.
 */
export function dropIngress(
  name: string,
  ifindex: number,
  timers: Timers,
  attach = attachProgram,
): Disposable {
  muteArp(name, ifindex);
  let fd: number | undefined;
  let isWanted = true;
  let timer: Timer;
  const makeAfter = (wait: Ms): void => {
    timer = timers.after(wait, () => {
      last = last.then(async () => {
        if (!isWanted) return;
        const made = await attach(name, ifindex);
        if (made === 'later') return makeAfter(retryDelay);
        fd = made;
        allowArp(ifindex);
      });
    });
  };
  makeAfter(delay);
  return {
    [Symbol.dispose]() {
      isWanted = false;
      timer.cancel();
      allowArp(ifindex);
      last = last.then(async () => {
        if (fd !== undefined) await closeInBackground(fd);
      });
    },
  };
}

/** What the setting of each device that answers no ARP was before, by index: it may get another name meanwhile. */
const muted = new Map<number, Buffer>();

/** Without an effect where settings can't be changed. */
function muteArp(name: string, ifindex: number): void {
  try {
    const before = readFileSync(arpSetting(name));
    writeFileSync(arpSetting(name), noArp);
    muted.set(ifindex, before);
  } catch {
    // as it was
  }
}

function allowArp(ifindex: number): void {
  const before = muted.get(ifindex);
  const name = linkMonitor().known(ifindex)?.name;
  muted.delete(ifindex);
  if (before === undefined || name === undefined) return;
  try {
    writeFileSync(arpSetting(name), before);
  } catch {
    // the device is gone
  }
}

/** For the end of the process. */
export function allowAllArp(): void {
  for (const ifindex of muted.keys()) allowArp(ifindex);
}

function arpSetting(name: string): string {
  return `/proc/sys/net/ipv4/conf/${name}/arp_ignore`;
}

/** The descriptor that keeps it attached; undefined where the kernel cannot. */
async function attachProgram(name: string, ifindex: number): Promise<number | 'later' | undefined> {
  try {
    program ??= loadIngressProgram(dropAll, 'cannot keep frames of ports from the host');
    if (program < 0) return undefined;
    return await attachToIngress(program, ifindex, `cannot keep frames of ${name} from the host`);
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    if (isDescriptorLimit(error)) {
      log.limited('info', postponed, `${error.message}; trying again in ${retryDelay / 1000} seconds`);
      return 'later';
    }
    if (program === undefined) program = -1;
    log.info(`${error.message}; its own network stack sees them too`);
    return undefined;
  }
}
