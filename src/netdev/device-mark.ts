/**
 * Whose a device is that the switch made and that no process holds: the switch marks its devices, so that after a
 * restart it goes on with its own and never takes or removes another's. The mark is an alternative name of the device
 * (`ip link property`, Linux 5.5): it comes and goes with the device, stays when that is renamed, and nobody else
 * writes there, as people and udev do to the alias. It names two things:
 *
 *   ovs-FOLDER-DATABASE-IFINDEX    the folder of the daemon's sockets (OVS_RUNDIR), and the address of its database
 *
 * Where either is the same, a port of that name goes on with the device: only one process at a time has the folder, and
 * only one the lock of the database. Where both are, the device may be removed once the database names it no longer.
 */
import { createHash } from 'node:crypto';
import type { Link } from '../sys/netlink/link.ts';

const pattern = /^ovs-([0-9a-f]{12})-([0-9a-f]{12})-\d+$/;

export class DeviceMark {
  readonly #folder: string;
  readonly #database: string;

  /** Both as text that is always the same for the same thing. */
  constructor(folder: string, database: string) {
    this.#folder = digest(folder);
    this.#database = digest(database);
  }

  /** The name that marks a device; unlike that of any other. */
  nameFor(ifindex: number): string {
    return `ovs-${this.#folder}-${this.#database}-${ifindex}`;
  }

  /** Names that mark the device as one to go on with. */
  namesOn({ alternativeNames }: Link): string[] {
    return alternativeNames.filter((name) => {
      const [, folder, database] = pattern.exec(name) ?? [];
      return folder === this.#folder || database === this.#database;
    });
  }

  /** True for a device that may be removed when nothing names it. */
  isOn({ alternativeNames }: Link): boolean {
    return alternativeNames.some((name) => {
      const [, folder, database] = pattern.exec(name) ?? [];
      return folder === this.#folder && database === this.#database;
    });
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
