/**
 * Keeps what a port receives from the host's own network stack: it belongs to the switch alone, as with the
 * reference's kernel datapath. Otherwise the host would answer ARP for its addresses on every port, and spend time on
 * each frame. Packet sockets, ours and those of others, see frames before this does.
 * Differs: bridges of datapath_type=netdev keep frames of their ports from the host too; the reference leaves that to
 * the administrator's firewall.
 */
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { attachToIngress, loadIngressProgram } from '../../sys/calls/bpf.ts';
import { closeFd } from '../../sys/calls/fd.ts';

const log = logger('netdev_linux');

/** r0 = TCX_DROP; exit */
const dropAll = Uint8Array.of(0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

/** Loaded with the first port and kept; -1 where the kernel refuses, which is said once. */
let program: number | undefined;

/** From now on the host sees no frame of that device, until `close`. Where the kernel cannot, it goes on seeing them. */
export function shieldHost(name: string, ifindex: number): Disposable | undefined {
  try {
    program ??= loadIngressProgram(dropAll, 'cannot keep frames of ports from the host');
    if (program < 0) return undefined;
    const fd = attachToIngress(program, ifindex, `cannot keep frames of ${name} from the host`);
    return { [Symbol.dispose]: () => closeFd(fd) };
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    if (program === undefined) program = -1;
    log.info(`${error.message}; its own network stack sees them too`);
    return undefined;
  }
}
