/** LLDP with others: lldpd of the host's distribution, where it is there, and the real daemon, over veth cables. */
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CabledPair } from './support/cabled-pair.ts';
import { SwitchHost, until, untilAlike, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
const noLldpd = reason ?? (existsSync('/usr/sbin/lldpd') ? undefined : 'lldpd is not installed');
if (noLldpd !== undefined) process.stderr.write(`lldp.test.ts: not run with lldpd: ${noLldpd}\n`);

function bridgeWith(host: SwitchHost, port: string): void {
  host.configure(
    ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'],
    ...['--', 'add-port', 'br0', port, '--', 'set', 'interface', port, 'lldp:enable=true'],
  );
}

const macOf = (host: SwitchHost, port: string): string =>
  host.configure('get', 'interface', port, 'mac_in_use').replaceAll('"', '');

function counterOf(host: SwitchHost, name: string): number {
  const lines = host.appctl('autoattach/statistics').stdout.split('\n');
  return Number(lines.find((line) => line.startsWith(`  ${name} cnt: `))?.split(': ')[1]);
}

describe.skipIf(noLldpd !== undefined)('with lldpd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lldpd-'));
  const socket = join(folder, 'socket');
  let ours: SwitchHost;
  let peer: Namespace;
  let lldpd: ChildProcess;
  const hasEnded = (): boolean => lldpd.exitCode !== null || lldpd.signalCode !== null;
  const ask = (...words: string[]): string => peer.try('lldpcli', '-u', socket, ...words).stdout;

  beforeAll(async () => {
    ours = new SwitchHost('ours');
    await ours.start();
    peer = new Namespace('peer');
    chmodSync(folder, 0o755); // lldpcli is nobody in particular
    ours.host.link('e0', 'f0', undefined, peer);
    bridgeWith(ours, 'e0');
    lldpd = peer.start('/usr/sbin/lldpd', '-d', '-u', socket, '-I', 'f0', '-S', 'a host of Debian');
    await until(() => ask('show', 'chassis').includes('ChassisID'), 'lldpd to answer');
    ask('configure', 'lldp', 'tx-hold', '100'); // intervals that the switch remembers it
    ask('configure', 'lldp', 'tx-interval', '1');
  }, 120_000);

  afterAll(async () => {
    lldpd.kill();
    await until(hasEnded, 'lldpd to end');
    await ours[Symbol.asyncDispose]();
    peer[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  test('it knows the switch by what the switch says', async () => {
    const known = (): string => ask('show', 'neighbors', '-f', 'keyvalue');
    await until(() => known().includes('lldp.f0.port.ifname=e0'), 'it to know the switch');
    expect(known().split('\n')).toEqual(
      expect.arrayContaining([
        `lldp.f0.chassis.mac=${macOf(ours, 'e0')}`,
        'lldp.f0.chassis.descr=openvswitch 3.1.0',
        'lldp.f0.chassis.Bridge.enabled=on',
        'lldp.f0.port.ttl=120',
      ]),
    );
  });

  test('the switch counts it as a neighbour, and what it says beyond that as unrecognized', async () => {
    await until(() => counterOf(ours, 'insert') === 1, 'the switch to know it');
    await until(() => counterOf(ours, 'rx') >= 3, 'it to go on');
    expect(counterOf(ours, 'rx discarded')).toBe(0);
    expect(counterOf(ours, 'insert')).toBe(1);
    expect(counterOf(ours, 'rx unrecognized')).toBeGreaterThan(0);
  });

  test('the switch forgets it when it takes leave', async () => {
    lldpd.kill();
    await until(hasEnded, 'lldpd to end');
    await until(() => counterOf(ours, 'delete') === 1, 'the switch to forget it');
    expect(counterOf(ours, 'ageout')).toBe(0);
  });
});

describe.runIf(reason === undefined)('with the reference', () => {
  const ports = { ours: 'e0', reference: 'f0' } as const;
  let ours: SwitchHost;
  let reference: SwitchHost;
  let pair: CabledPair;

  beforeAll(async () => {
    pair = new CabledPair();
    ({ ours, reference } = pair);
    await pair.start(1);
    for (const host of pair.both) {
      bridgeWith(host, ports[host.which]);
      host.configure('add-aa-mapping', 'br0', '100', '10', '--', 'add-aa-mapping', 'br0', '200', '20');
      host.configure('set', 'AutoAttach', '.', 'system_name=sw', `system_description=${host.which}`);
    }
  }, 120_000);

  afterAll(async () => {
    await pair[Symbol.asyncDispose]();
  });

  const told = (host: SwitchHost, what: string): string[] =>
    host.appctl(`autoattach/${what}`).stdout.trimEnd().split('\n');

  /** What `host` says of `other`. */
  const serverLines = (host: SwitchHost, other: SwitchHost): string[] => {
    const mac = macOf(other, ports[other.which]);
    return [
      `LLDP: ${ports[host.which]}`,
      `  Auto Attach Primary Server Id: ${mac}`,
      `  Auto Attach Primary Server Descr: ${other.which}`,
      `  Auto Attach Primary Server System Id: ${mac}:00:00:00:00:00:00`,
    ];
  };

  test('each knows the other by what it says', async () => {
    await expect.poll(() => told(ours, 'status')).toEqual(serverLines(ours, reference));
    await expect.poll(() => told(reference, 'status')).toEqual(serverLines(reference, ours));
  });

  test('both say the same of services, and carry their VLANs', async () => {
    const rows = (host: SwitchHost): string[] => told(host, 'show-isid').slice(1);
    await untilAlike(rows, ours, reference);
    for (const host of [ours, reference]) {
      const port = ports[host.which];
      await until(() => host.configure('get', 'port', port, 'trunks') === '[10, 20]', 'VLANs to be carried');
      expect(host.configure('get', 'port', port, 'vlan_mode')).toBe('trunk');
    }
  });

  test('neither finds fault with what the other sends', async () => {
    for (const host of [ours, reference]) {
      await until(() => counterOf(host, 'rx') >= 2, 'more to come');
      expect([counterOf(host, 'rx discarded'), counterOf(host, 'rx unrecognized')]).toEqual([0, 0]);
    }
  });
});
