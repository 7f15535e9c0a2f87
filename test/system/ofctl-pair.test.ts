/** ovs-ofctl's commands about groups, meters, ports, tables, queues, tunnels and packets, ours beside the real one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { files, onceLines, packet, someVersionLines, versionLines } from './ofctl-lines.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { OfctlPair } from './support/ofctl-pair.ts';
import { splitWords } from './support/words.ts';

const versions = ['OpenFlow10', 'OpenFlow11', 'OpenFlow12', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'];

function wordsOf(lines: string): string[][] {
  return lines
    .trim()
    .split('\n')
    .map((line) => splitWords(line).map((word) => word.replaceAll('PACKET', packet)));
}

describe.skipIf(whyNoReference() !== undefined)('ovs-ofctl beside the real one', () => {
  const pair = new OfctlPair();
  beforeAll(async () => {
    const ports = ['p1', 'p2'].flatMap((name, n) => [
      ...['--', 'add-port', 'br0', name],
      ...['--', 'set', 'interface', name, 'type=dummy', `ofport_request=${n + 1}`],
    ]);
    await pair.start(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy'],
      ...[`protocols=[${versions.join()}]`, 'other-config:hwaddr=aa:55:aa:55:00:01'],
      ...ports,
    );
    for (const [name, text] of Object.entries(files)) pair.write(name, text);
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  /** Those where the two differ. */
  async function differences(lines: string, ...options: readonly string[]): Promise<unknown[]> {
    const found: unknown[] = [];
    for (const words of wordsOf(lines)) {
      const { real, own } = await pair.run(...options, ...words);
      if (JSON.stringify(real) !== JSON.stringify(own)) found.push({ line: words.join(' '), real, own });
    }
    return found;
  }

  test.each(versions)('says the same of ports and tables in %s', async (version) => {
    expect(await differences(versionLines, '-O', version)).toEqual([]);
  });

  test.each(['OpenFlow10', 'OpenFlow11', 'OpenFlow13', 'OpenFlow15'])(
    'says the same of groups, meters, tunnels and packets in %s',
    async (version) => {
      expect(await differences(someVersionLines, '-O', version)).toEqual([]);
    },
  );

  test('says the same of what is wrong', async () => {
    expect(await differences(onceLines)).toEqual([]);
  });
});
