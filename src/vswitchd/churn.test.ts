/** A day's worth of coming and going leaves nothing behind: ports, learned addresses, datapath flows. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { SwitchFixture } from '../../test/sim/switch-fixture.ts';

/** Ports added and removed; with each come a hundred addresses and as many flows. More by e.g. CHURN_PORTS=10000. */
const portCount = Number(process.env.CHURN_PORTS ?? 300);
const addressesPerPort = 100;
const portsPerRound = 20;
/** Addresses age after 300 s, flows sooner. */
const agingTime = 310_000;
/** Compiled code, and what is remembered within bounds: 4096 action lists, here one a port; when numbers were freed. */
const allowedGrowth = 1_000_000 + 450 * Math.min(portCount, 4096);

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Bytes that are in use. */
function heapSize(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** A frame from the n-th station to everybody. */
function announcement(n: number): Uint8Array {
  const frame = new Uint8Array(60).fill(0xff, 0, 6);
  new DataView(frame.buffer).setUint32(8, n);
  frame[6] = 0x02;
  frame[12] = 0x08;
  return frame;
}

/** Most stations are behind a port that stays, so that they age; some go with their port. */
async function comeAndGo(fixture: SwitchFixture, n: number): Promise<void> {
  const name = `n${n}`;
  await fixture.addPort('br0', name);
  const [staying, leaving] = [fixture.device('p1'), fixture.device(name)];
  for (let k = 0; k < addressesPerPort; k++) {
    const device = k % 4 === 0 ? leaving : staying;
    device.receive(announcement(n * addressesPerPort + k));
  }
  await fixture.settle();
  await fixture.removePort('br0', name);
}

test(`${portCount} ports come and go, with their addresses and flows, and the heap stays as it was`, {
  timeout: 300_000 + portCount * 100,
}, async () => {
  const fixture = new SwitchFixture();
  await fixture.start();
  await fixture.addBridge('br0', ['p1', 'p2']);
  const ofproto = () => fixture.aSwitch.state.bridges.get('br0')?.ofproto;
  const backer = () => fixture.aSwitch.backers.get('dummy');
  const baselineAt = Math.max(portCount / 100, 5 * portsPerRound);
  let baseline = Number.NaN;
  for (let n = 0; n < portCount; ) {
    for (const end = n + portsPerRound; n < end; n++) await comeAndGo(fixture, n);
    expect(backer()?.flows.count).toBeGreaterThan(0);
    expect(ofproto()?.macs.size).toBeGreaterThan(0);
    await fixture.advance(agingTime);
    expect([backer()?.flows.count, ofproto()?.macs.size, ofproto()?.ports.size]).toEqual([0, 0, 3]);
    if (n === baselineAt) baseline = heapSize();
    if (process.env.CHURN_PORTS !== undefined && n % 1000 === 0) say(n);
  }
  expect(backer()?.datapath.stats().missCount).toBe(portCount * addressesPerPort);
  expect(heapSize() - baseline).toBeLessThan(allowedGrowth);
  await fixture.stop();
});

/** How a long run goes on. */
function say(n: number): void {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
  const rss = process.memoryUsage().rss;
  process.stderr.write(`${n} ports: heap ${megabytes(heapSize())} MB, process ${megabytes(rss)} MB\n`);
}
