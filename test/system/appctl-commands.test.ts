/** What ovs-vswitchd answers on its control socket, command by command: to the letter as the reference's. */
import { beforeAll, describe, expect, test } from 'vitest';
import { chapters } from './appctl-lines.ts';
import { type Which, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { toolCommand } from './support/tool-lines.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`appctl-commands.test.ts: not run: ${reason}\n`);

describe.runIf(reason === undefined).each(Object.entries(chapters))(
  'both daemons answer alike: %s',
  (_, text) => {
    const lines = text
      .trim()
      .split('\n')
      .map((line) => line.trim());
    const answers: Record<Which, unknown[]> = { ours: [], reference: [] };

    beforeAll(async () => {
      for (const which of ['ours', 'reference'] as const) {
        await using host = new DummyHost(which);
        await host.prepare();
        answers[which] = lines.map((line) => say(host, splitWords(line)));
      }
    });

    test.each(lines.map((line, n) => [n, line] as const))('%i: %s', (n) => {
      expect(answers.ours[n]).toEqual(answers.reference[n]);
    });
  },
);

function say(host: DummyHost, words: readonly string[]): unknown {
  const [first = '', ...rest] = words;
  const [name, args] = first === 'vsctl' ? [first, rest] : ['appctl', words];
  const [program = '', ...line] = toolCommand(host.which, name, args) ?? [];
  const said = host.said(host.run(program, ...line));
  if (first === 'dpctl/dump-flows') return { ...said, stdout: sortedFlows(said.stdout) };
  return first.startsWith('ofproto/trace') ? { ...said, stdout: sortedOutputs(said.stdout) } : said;
}

/** Ports are flooded in the order of hashes. A table miss has a text of its own in the first bridge only. */
function sortedOutputs(text: string): string {
  const sorted = (list: string): string => list.split(',').sort().join();
  return text
    .replaceAll('reg0=0x2, priority 0', 'No match.')
    .replace(/^(Datapath actions: )(.+)$/gm, (_, head: string, list: string) => head + sorted(list));
}

/** Flows come in the order of hashes. */
function sortedFlows(text: string): string {
  return text.split('\n').sort().join('\n');
}
