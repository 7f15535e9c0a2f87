/** Packets in tunnels, as every datapath makes them (test/conformance/datapath-tunnels.ts), are read by tshark. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TunnelType } from '../../src/netdev/tunnel/tunnel-config.ts';
import { emitPcapHeader, emitPcapRecord } from '../../src/wire/pcap.ts';
import { kinds, usualPort } from '../conformance/tunnel-kinds.ts';
import { whyNoDissector } from './support/dissect.ts';

const reason = whyNoDissector();
if (reason !== undefined) process.stderr.write(`tunnel-frames.test.ts: not run: ${reason}\n`);

/** What is to be found in each. */
const protocols: Readonly<Partial<Record<TunnelType, RegExp>>> = {
  vxlan: /:udp:(vxlan:eth|ip):/, // of the extension it names only what is inside
  geneve: /:udp:geneve:eth:/,
  gre: /:gre:(eth|ip):/,
  ip6gre: /:gre:eth:/,
  erspan: /:gre:erspan:eth:/,
  ip6erspan: /:gre:erspan:eth:/,
  gtpu: /:udp:gtp:ip:/,
};

test.skipIf(reason !== undefined).each(kinds)(
  '$what: nothing is malformed, and all checksums are right',
  (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'ovs-ts-tunnels-'));
    try {
      const file = join(folder, 'sent.pcap');
      writeFileSync(file, Buffer.concat([emitPcapHeader(), emitPcapRecord(kind.packet(usualPort), 0)]));
      const checks = ['ip', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`]);
      const fields = ['frame.protocols', '_ws.malformed', '_ws.expert.severity', 'udp.srcport'].flatMap(
        (name) => ['-e', name],
      );
      const args = ['-n', '-r', file, ...checks, '-T', 'fields', ...fields];
      const { stdout, stderr, status } = spawnSync('tshark', args, { encoding: 'utf8' });
      expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
      const [found = '', malformed, severity] = stdout.trimEnd().split('\t');
      expect(found).toMatch(protocols[kind.type] ?? /never/);
      expect(found.endsWith(':ip:udp:data')).toBe(true); // the packet inside
      expect([malformed ?? '', severity ?? '']).toEqual(['', '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
