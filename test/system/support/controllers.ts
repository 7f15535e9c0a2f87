/** Controllers for switches of either kind, and what the database says of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { until } from './daemon-pair.ts';
import type { DummyHost } from './dummy-host.ts';

const rudeController = new URL('../../fixtures/rude-controller.mjs', import.meta.url).pathname;

/** Processes that do one thing with each switch that connects: see test/fixtures/rude-controller.mjs. */
export class RudeControllers {
  readonly #processes: ChildProcess[] = [];

  /** Resolves with its target. */
  async listen(...manner: string[]): Promise<string> {
    const controller = spawn(process.execPath, [rudeController, ...manner], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#processes.push(controller);
    const [port] = await once(controller.stdout, 'data');
    return `tcp:127.0.0.1:${Number(port)}`;
  }

  stop(): void {
    for (const each of this.#processes.splice(0)) each.kill();
  }
}

/** Of the controllers, by target: what the daemon writes, without times. */
export function controllerRows(host: DummyHost): string[] {
  const columns = 'target,is_connected,role,status';
  const { stdout } = host.vsctl('-f', 'csv', '--no-headings', `--columns=${columns}`, 'list', 'controller');
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) =>
      line
        .replace(/(sec_since_\w+)=(?:""\d+""|\d+)/g, '$1=N')
        .replace(/ACTIVE|IDLE/, 'UP')
        .replace(/BACKOFF|CONNECTING/, 'DOWN'),
    )
    .sort();
}

/** Resolves when our rows say what the reference's do, and what is expected of one of them. */
export async function untilRowsAreAlike(
  [reference, ours]: readonly [DummyHost, DummyHost],
  expected: RegExp,
): Promise<string[]> {
  let [theirs, ourOwn] = [controllerRows(reference), controllerRows(ours)];
  await until(
    () => {
      [theirs, ourOwn] = [controllerRows(reference), controllerRows(ours)];
      return String(theirs) === String(ourOwn) && theirs.some((line) => expected.test(line));
    },
    `rows like ${expected}`,
    60_000,
  ).catch(() => expect(ourOwn).toEqual(theirs));
  expect(String(ourOwn)).toMatch(expected);
  return ourOwn;
}
