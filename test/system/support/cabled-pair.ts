/** Our daemon and the real one, each in a network namespace, with veth cables from "eN" of ours to "fN" of the other. */
import { SwitchHost } from './daemon-pair.ts';

/** One owner, who disposes of it whether or not it could be started. */
export class CabledPair implements AsyncDisposable {
  readonly ours = new SwitchHost('ours');
  readonly reference = new SwitchHost('reference');
  readonly both: readonly SwitchHost[] = [this.ours, this.reference];

  /** Resolves when both daemons serve, and the cables are there. */
  async start(cableCount: number): Promise<void> {
    await Promise.all(this.both.map((host) => host.start()));
    for (let n = 0; n < cableCount; n++)
      this.ours.host.link(`e${n}`, `f${n}`, undefined, this.reference.host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.both.map((host) => host[Symbol.asyncDispose]()));
  }
}

/**
 * Puts br0 of a host into use. The stack sees the frames of cables as well: it would answer for the bridge with their
 * addresses.
 */
export function useBridge({ host }: SwitchHost, address: string): void {
  host.run('sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1');
  host.run('ip', 'addr', 'add', `${address}/24`, 'dev', 'br0');
  host.run('ip', 'link', 'set', 'br0', 'up');
}
