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

/** What a daemon that has ended wrote of its controllers is gone, so that what is there is of the one that runs. */
export function forgetControllerRows(host: DummyHost): void {
  const row = { is_connected: false, role: ['set', []], status: ['map', []] };
  const update = { op: 'update', table: 'Controller', where: [], row };
  const said = host.run('ovsdb-client', 'transact', JSON.stringify(['Open_vSwitch', update]));
  expect(said).toMatchObject({ status: 0 });
}

/** Resolves when our rows say what the reference's do, and one or other of them each thing that is expected. */
export async function untilRowsAreAlike(
  [reference, ours]: readonly [DummyHost, DummyHost],
  ...expected: readonly RegExp[]
): Promise<string[]> {
  const areAsExpected = (rows: readonly string[]): boolean =>
    expected.every((one) => rows.some((row) => one.test(row)));
  let [theirs, ourOwn] = [controllerRows(reference), controllerRows(ours)];
  await until(
    () => {
      [theirs, ourOwn] = [controllerRows(reference), controllerRows(ours)];
      return String(theirs) === String(ourOwn) && areAsExpected(theirs);
    },
    `rows like ${expected.join(' and ')}`,
  ).catch(() => expect(ourOwn).toEqual(theirs));
  expect(ourOwn).toSatisfy(areAsExpected);
  return ourOwn;
}
