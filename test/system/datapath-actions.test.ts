/** Datapath actions as text beside the real ovs-dpctl, which needs no datapath to read and print them. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Malformed } from '../../src/base/errors.ts';
import { formatDpActions, readDpActions } from '../../src/datapath/text/actions.ts';

const wrong = 'wrong';
/** Tools that run at once. */
const width = 8;

function linesOf(name: string): string[] {
  const lines = readFileSync(new URL(name, import.meta.url), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** What the tool prints, or `wrong`. */
function real(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const tool = spawn('ovs-dpctl', ['parse-actions', line], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    tool.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    tool.on('error', reject).on('close', (status) => resolve(status === 0 ? text.trimEnd() : wrong));
  });
}

async function realAnswers(lines: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  const waiting = [...lines];
  const work = async (): Promise<void> => {
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift())
      answers.set(line, await real(line));
  };
  await Promise.all(Array.from({ length: width }, work));
  return answers;
}

function ours(line: string): string {
  try {
    return formatDpActions(readDpActions(line));
  } catch (why) {
    if (why instanceof Malformed) return wrong;
    throw why;
  }
}

test('actions are read and printed as ovs-dpctl does, and refused where it refuses them', async () => {
  const lines = linesOf('datapath-actions.txt');
  expect(lines.length).toBeGreaterThan(150);
  const answers = await realAnswers(lines);
  expect(new Map(lines.map((line) => [line, ours(line)]))).toEqual(answers);
  expect([...answers.values()].filter((answer) => answer === wrong).length).toBeGreaterThan(50);
});

test('what ovs-dpctl prints but cannot read is read here', async () => {
  const lines = linesOf('datapath-actions-extra.txt');
  const answers = await realAnswers(lines);
  expect([...answers.values()].every((answer) => answer === wrong)).toBe(true);
  for (const line of lines) expect(ours(line)).toBe(line);
});
