/**
 * What comes and goes in a process leaves nothing behind: switches inside a test, and ports with the addresses and flows
 * that come by them, as `ovs-ts/testing` of the build makes them.
 */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const switchCount = 1000;
/** Ports that come and go. More by e.g. CHURN_PORTS=10000. */
const portCount = Number(process.env.CHURN_PORTS ?? 200);
/** Bytes, for noise; one switch that is not let go holds half a million. */
const allowedGrowth = 50_000;
/**
 * What is remembered of each within bounds: an action list, flows that connections met, and when its number became
 * free.
 */
const rememberedOfPort = 2200;
/** Readings of what is in use: by the first, all code has run, and what is made once is there. */
const readingCount = 10;
/** Of these the least counts: memory may be about to be let go when one is taken. */
const readingsCompared = 3;

/** How many bytes more are in use after so many turns than after a tenth of them, of the heap and of buffers. */
function growth(program: string, turnCount: number): { heap: number; buffers: number } {
  const reading = `
    for (let n = 0; n < 3; n++) {
      await new Promise((resolve) => setImmediate(resolve));
      gc();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    readings.push([heapUsed, arrayBuffers]);
  `;
  const whole = `
    ${program}
    const readings = [];
    for (let n = 1; n <= ${turnCount}; n++) {
      await turn(n);
      if (n % ${turnCount / readingCount} === 0) { ${reading} }
    }
    console.log(JSON.stringify(readings));
  `;
  // Code that is optimized, or forgotten until it runs again, is none of what is left behind.
  const steadyCode = ['--no-opt', '--no-sparkplug', '--no-flush-bytecode'];
  const flags = ['--expose-gc', ...steadyCode, '--input-type=module', '--eval', whole];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const readings: readonly (readonly [heap: number, buffers: number])[] = JSON.parse(stdout);
  expect(readings.length).toBe(readingCount);
  const grown = (kind: 0 | 1): number => {
    const bytes = readings.map((one) => one[kind]);
    return Math.min(...bytes.slice(-readingsCompared)) - Math.min(...bytes.slice(0, readingsCompared));
  };
  return { heap: grown(0), buffers: grown(1) };
}

const switches = `
  import { createTestSwitch } from 'ovs-ts/testing';

  async function turn() {
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
`;

test(`${switchCount} switches are made and closed, and memory stays as it was`, {
  timeout: 1_200_000,
}, () => {
  const { heap, buffers } = growth(switches, switchCount);
  expect(heap).toBeLessThan(allowedGrowth);
  expect(buffers).toBeLessThan(allowedGrowth);
});

/** Most stations are behind a port that stays, so that they age; some go with their port. */
const ports = `
  import { createTestSwitch } from 'ovs-ts/testing';

  const addressesPerPort = 50;
  const portsPerRound = 20;
  const sw = await createTestSwitch({ bridges: { br0: { ports: ['p1', 'p2'] } } });
  const br0 = sw.bridge('br0');
  const p1 = br0.port('p1');

  function announcement(station) {
    const frame = new Uint8Array(60).fill(0xff, 0, 6);
    new DataView(frame.buffer).setUint32(8, station);
    frame[6] = 0x02;
    frame[12] = 0x08;
    return frame;
  }

  async function counts() {
    const addresses = (await sw.appctl('fdb/show', 'br0')).trimEnd().split('\\n').length - 1;
    const flows = (await sw.appctl('dpif/dump-flows', 'br0')).split('\\n').length - 1;
    return { addresses, flows, ports: br0.ports().length };
  }

  async function turn(n) {
    const leaving = await br0.addPort('n' + n);
    // The same stations in each round: connections that were seen are remembered within bounds.
    const first = (n % portsPerRound) * addressesPerPort;
    for (let k = 0; k < addressesPerPort; k++) (k % 4 === 0 ? leaving : p1).send(announcement(first + k));
    for (const port of br0.ports()) port.take();
    await br0.removePort('n' + n);
    if (n % portsPerRound !== 0) return;
    const before = await counts();
    await sw.advance(310_000); // addresses age after 300 s, flows sooner
    const after = await counts();
    if (before.addresses < addressesPerPort || before.flows < addressesPerPort) throw new Error(JSON.stringify(before));
    if (after.addresses + after.flows > 0 || after.ports !== 3) throw new Error(JSON.stringify(after));
  }
`;

test(`${portCount} ports come and go, with their addresses and flows, and memory stays as it was`, {
  timeout: 300_000 + 600 * portCount,
}, () => {
  const { heap, buffers } = growth(ports, portCount);
  expect(heap).toBeLessThan(allowedGrowth + rememberedOfPort * Math.min(portCount, 4096));
  expect(buffers).toBeLessThan(allowedGrowth);
});
