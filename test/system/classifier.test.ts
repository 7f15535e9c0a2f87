/** How many bits of packets lookups depend on: no more than in the real daemon with the same rules. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { Classifier } from '../../src/flow/classifier.ts';
import { ClassifierRule } from '../../src/flow/classifier-rule.ts';
import { newKey, readSlot } from '../../src/flow/key.ts';
import { keyValues } from '../../src/flow/key-values.ts';
import { packMatch } from '../../src/flow/match.ts';
import { MatchBuilder } from '../../src/flow/match-text.ts';
import type { SlotName } from '../../src/flow/slots.ts';
import { portText } from './match-lines.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';

const missing = whyNoReference();

/** What the rules match on and the packets differ in; the rest of a megaflow does not come from the lookup. */
const compared: readonly SlotName[] = ['eth_src', 'eth_dst', 'nw_src', 'nw_dst', 'tp_src', 'tp_dst'];

const below = (random: Random, limit: number): number => random.u32() % limit;
const isLikely = (random: Random, oneIn: number): boolean => below(random, oneIn) === 0;

function address(random: Random): string {
  return `10.${below(random, 2)}.${below(random, 4)}.${below(random, 256)}`;
}

const prefixLengths = [8, 16, 24, 24, 28, 32];

function ruleText(random: Random): string {
  const parts = ['tcp'];
  for (const name of ['nw_src', 'nw_dst']) {
    if (isLikely(random, 2))
      parts.push(`${name}=${address(random)}/${prefixLengths[below(random, prefixLengths.length)]}`);
  }
  for (const name of ['tp_src', 'tp_dst'])
    if (isLikely(random, 3)) parts.push(`${name}=${below(random, 300)}`);
  for (const name of ['dl_src', 'dl_dst'])
    if (isLikely(random, 6)) parts.push(`${name}=02:00:00:00:00:0${below(random, 4)}`);
  return parts.join(',');
}

function packetText(random: Random): string {
  const mac = (): string => `02:00:00:00:00:0${below(random, 4)}`;
  const ports = `tp_src=${below(random, 300)},tp_dst=${below(random, 300)}`;
  return `tcp,dl_src=${mac()},dl_dst=${mac()},nw_src=${address(random)},nw_dst=${address(random)},nw_ttl=64,${ports}`;
}

function read(text: string): MatchBuilder {
  const match = new MatchBuilder();
  for (const { name, value } of keyValues(text)) match.take(name, value, portText);
  return match;
}

function bitCount(mask: Uint32Array): number {
  const bytes = compared.flatMap((name) => [...readSlot(mask, name)]);
  return bytes.reduce((count, byte) => count + onesIn(byte), 0);
}

function onesIn(byte: number): number {
  let count = 0;
  for (let bits = byte; bits !== 0; bits &= bits - 1) count++;
  return count;
}

describe.skipIf(missing !== undefined)(
  `wildcards of a lookup${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    const host = new DummyHost('reference');
    beforeAll(async () => {
      await host.prepare();
      host.vsctl('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', 'fail_mode=secure');
      host.vsctl('add-port', 'br0', 'p1', '--', 'set', 'interface', 'p1', 'type=dummy', 'ofport_request=1');
    });
    afterAll(() => host[Symbol.asyncDispose]());

    test.each([3, 10, 40, 150, 600])('of %i rules depend on no more bits of a packet', (count) => {
      const random = seededRandom(count);
      const classifier = new Classifier<ClassifierRule>();
      const lines: string[] = [];
      for (let n = 0; n < count; n++) {
        const text = ruleText(random);
        const priority = 1 + ((n * 7919) % 65521); // no two the same: it is not defined which of them is hit
        const { key, mask } = read(text);
        classifier.insert(new ClassifierRule(priority), packMatch(key, mask));
        lines.push(`priority=${priority},${text},actions=drop`);
      }
      const file = join(host.folder, 'flows');
      writeFileSync(file, `${lines.join('\n')}\n`);
      host.run('ovs-ofctl', 'del-flows', 'br0');
      expect(host.run('ovs-ofctl', 'add-flows', 'br0', file).stderr).toBe('');
      let [ours, theirs] = [0, 0];
      for (let n = 0; n < 60; n++) {
        const packet = packetText(random);
        const { stdout } = host.appctl('ofproto/trace', 'br0', `in_port=1,${packet}`);
        const [, priority] = /priority (\d+)/.exec(stdout) ?? [];
        const [, megaflow = ''] = /^Megaflow: (.*)$/m.exec(stdout) ?? [];
        const wildcards = newKey();
        const rule = classifier.lookup(read(packet).key, 0, wildcards);
        expect({ packet, priority: rule?.priority.toString() }).toEqual({ packet, priority });
        ours += bitCount(wildcards);
        theirs += bitCount(read(megaflow.replace(',nw_frag=no', '')).mask);
      }
      expect(theirs).toBeGreaterThan(0);
      expect(ours).toBeLessThanOrEqual(theirs);
    });
  },
);
