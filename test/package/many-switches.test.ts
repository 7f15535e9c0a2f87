/** Switches inside a test come and go in one process, as `ovs-ts/testing` of the build makes them, and leave nothing behind. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const switchCount = 1000;
/** Switches between two readings of what is in use. By the first, all code has run, and what is made once is there. */
const readingEvery = 100;
/** Readings of which the least counts: memory may be about to be let go when one is taken. */
const readingsCompared = 3;
/** Bytes, for noise; one switch that is not let go holds half a million. */
const allowedGrowth = 50_000;

/** Prints the bytes in use, of the heap and of buffers, again and again. */
const program = `
  import { createTestSwitch } from 'ovs-ts/testing';

  async function comeAndGo() {
    const sw = await createTestSwitch({
      bridges: { br0: { ports: ['p1', 'p2'], flows: ['in_port=p1,udp,actions=output:p2'] } },
    });
    const br0 = sw.bridge('br0');
    const connection = await br0.openflow();
    br0.port('p1').send('udp,nw_src=10.0.0.1,nw_dst=10.0.0.2,udp_dst=53');
    if (br0.port('p2').take().length !== 1) throw new Error('no packet came');
    br0.trace('in_port=p1,udp');
    await sw.appctl('dpif/show');
    await sw.advance(1000);
    await sw.close();
    await connection.closed;
  }

  const rows = [];
  for (let n = 1; n <= ${switchCount}; n++) {
    await comeAndGo();
    if (n % ${readingEvery} !== 0) continue;
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      gc();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    rows.push([heapUsed, arrayBuffers]);
  }
  console.log(JSON.stringify(rows));
`;

test(`${switchCount} switches are made and closed in one process, and memory stays as it was`, {
  timeout: 1_200_000,
}, () => {
  // Code that is optimized, or forgotten until it runs again, is none of what a switch leaves.
  const steadyCode = ['--no-opt', '--no-sparkplug', '--no-flush-bytecode'];
  const flags = ['--expose-gc', ...steadyCode, '--input-type=module', '--eval', program];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const readings: readonly (readonly [heap: number, buffers: number])[] = JSON.parse(stdout);
  expect(readings.length).toBe(switchCount / readingEvery);
  for (const kind of [0, 1] as const) {
    const bytes = readings.map((reading) => reading[kind]);
    const before = Math.min(...bytes.slice(0, readingsCompared));
    const after = Math.min(...bytes.slice(-readingsCompared));
    expect(after - before).toBeLessThan(allowedGrowth);
  }
});
