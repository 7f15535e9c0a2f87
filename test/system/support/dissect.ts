/** Datagrams of exporters as tshark reads them, which knows nothing of this project. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ethernet, etherType } from '../../../src/wire/ethernet.ts';
import { ipProtocol } from '../../../src/wire/ip.ts';
import { emitPcapHeader, emitPcapRecord } from '../../../src/wire/pcap.ts';

/** Where each is usually sent to. */
const ports = { netflow: 2055, sflow: 6343, ipfix: 4739 } as const;
export type Exported = keyof typeof ports;

/** How the text about the datagram begins. */
const titles: Readonly<Record<Exported, string>> = {
  netflow: 'Cisco NetFlow/IPFIX',
  ipfix: 'Cisco NetFlow/IPFIX',
  sflow: 'InMon sFlow',
};

const tshark = '/usr/bin/tshark';

export function whyNoDissector(): string | undefined {
  return existsSync(tshark) ? undefined : 'tshark is not installed';
}

/** What tshark says of each datagram, all of one conversation. */
export function dissect(datagrams: readonly Uint8Array[], as: Exported): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'ovs-ts-dissect-'));
  const file = join(folder, 'exported.pcap');
  const records = datagrams.map((bytes) => emitPcapRecord(frameOf(bytes, ports[as]), 0));
  writeFileSync(file, Buffer.concat([emitPcapHeader(), ...records]));
  const { stdout, status, stderr } = spawnSync(tshark, ['-r', file, '-V', '-n'], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .split(/^Frame \d+: /m)
    .slice(1)
    .map((text) => text.slice(text.indexOf(titles[as])));
}

function frameOf(payload: Uint8Array, port: number): Uint8Array {
  const udp = ethernet.size + 20;
  const frame = Buffer.alloc(udp + 8 + payload.length);
  frame.writeUInt16BE(etherType.ipv4, ethernet.offset.type);
  frame[ethernet.size] = 0x45;
  frame.writeUInt16BE(frame.length - ethernet.size, ethernet.size + 2);
  frame[ethernet.size + 9] = ipProtocol.udp;
  frame.set([127, 0, 0, 1, 127, 0, 0, 1], ethernet.size + 12);
  frame.writeUInt16BE(40_000, udp);
  frame.writeUInt16BE(port, udp + 2);
  frame.writeUInt16BE(8 + payload.length, udp + 4);
  frame.set(payload, udp + 8);
  return frame;
}
