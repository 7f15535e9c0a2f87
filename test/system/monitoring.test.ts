/**
 * The real daemon as partner of CFM and BFD: a port of ours and one of its, with a veth cable between them. What each
 * says of the link must be what the other says, and both must notice when it is pulled, and when one of them is killed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CabledPair } from './support/cabled-pair.ts';
import { type SwitchHost, until, untilAlike, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`monitoring.test.ts: not run: ${reason}\n`);

/** Of a port that BFD monitors and of one that CFM does. */
const ports = { ours: ['e0', 'e1'], reference: ['f0', 'f1'] } as const;
const mpid = { ours: 1, reference: 2 } as const;

function bfdStatus(host: SwitchHost, key: string): string {
  return host.configure('get', 'interface', ports[host.which][0], `bfd_status:${key}`).replaceAll('"', '');
}

function cfm(host: SwitchHost, column: string): string {
  return host.configure('get', 'interface', ports[host.which][1], `cfm_${column}`);
}

const isBfdUp = (host: SwitchHost): boolean => bfdStatus(host, 'forwarding') === 'true';
const isCfmSound = (host: SwitchHost): boolean =>
  cfm(host, 'fault') === 'false' && cfm(host, 'remote_mpids') !== '[]';

/** The intervals that `bfd/show` tells. */
function intervals(host: SwitchHost): Record<string, string> {
  const { stdout } = host.appctl('bfd/show', ports[host.which][0]);
  return Object.fromEntries(
    [...stdout.matchAll(/^ {2}(.*(?:Interval|Multiplier)): (.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
}

type End = 'Local' | 'Remote';

/** What it says of its own end or of the other's, and how often it sends or expects to hear. */
function told(host: SwitchHost, whose: End): unknown {
  const of = intervals(host);
  const [multiplier, interval] =
    whose === 'Local' ? ['Detect Multiplier', 'TX Interval'] : ['Remote Detect Multiplier', 'RX Interval'];
  return [
    of[`${whose} Minimum TX Interval`],
    of[`${whose} Minimum RX Interval`],
    of[multiplier],
    of[interval],
  ];
}

describe.runIf(reason === undefined)('beside the reference', () => {
  let ours: SwitchHost;
  let reference: SwitchHost;
  let both: readonly SwitchHost[];
  let pair: CabledPair;

  beforeAll(async () => {
    pair = new CabledPair();
    ({ ours, reference, both } = pair);
    await pair.start(2);
    for (const host of both) {
      const [bfdPort, cfmPort] = ports[host.which];
      host.configure(
        // Two cables between one pair of bridges would be a loop.
        ...splitWords(`add-br br0 -- set bridge br0 datapath_type=netdev -- add-port br0 ${bfdPort}`),
        ...splitWords(`-- add-br br1 -- set bridge br1 datapath_type=netdev -- add-port br1 ${cfmPort}`),
        '--',
        // A partner may be held up for seconds on a busy machine.
        ...splitWords(
          `set interface ${bfdPort} bfd:enable=true bfd:min_rx=200 bfd:min_tx=200 bfd:mult=15 --`,
        ),
        ...['set', 'interface', cfmPort, `cfm_mpid=${mpid[host.which]}`, 'other_config:cfm_interval=1000'],
      );
    }
    await until(() => both.every((host) => isBfdUp(host) && isCfmSound(host)), 'both to hear each other');
  }, 120_000);

  afterAll(async () => {
    await pair[Symbol.asyncDispose]();
  });

  test('both say the same of the link', async () => {
    await expect.poll(() => both.map((host) => cfm(host, 'remote_mpids'))).toEqual(['[2]', '[1]']);
    await until(
      () => both.every((host) => bfdStatus(host, 'remote_state') === 'up'),
      'both to say that they are up',
    );
    ours.configure('set', 'interface', 'e0', 'bfd:min_tx=250', 'bfd:mult=20');
    reference.configure('set', 'interface', 'f0', 'bfd:min_rx=300');
    await until(() => intervals(ours)['TX Interval'] === 'Approx 300ms', 'both to agree');
    await until(() => intervals(reference)['Remote Detect Multiplier'] === '20', 'both to agree');
    const tell = ([host, whose]: readonly [SwitchHost, End]): unknown => told(host, whose);
    await untilAlike(tell, [ours, 'Remote'], [reference, 'Local']);
    await untilAlike(tell, [ours, 'Local'], [reference, 'Remote']);
  });

  test('a link that is pulled is noticed by both, and found again', async () => {
    for (const link of ['e0', 'e1']) ours.host.run('ip', 'link', 'set', link, 'down');
    await until(
      () => both.every((host) => !isBfdUp(host) && cfm(host, 'fault') === 'true'),
      'both to notice',
    );
    await expect.poll(() => both.map((host) => cfm(host, 'fault_status'))).toEqual(['[recv]', '[recv]']);
    for (const host of both)
      await expect.poll(() => bfdStatus(host, 'diagnostic')).toBe('Control Detection Time Expired');
    for (const link of ['e0', 'e1']) ours.host.run('ip', 'link', 'set', link, 'up');
    await until(() => both.every((host) => isBfdUp(host) && isCfmSound(host)), 'both to find it again');
    for (const host of both)
      await expect.poll(() => Number(bfdStatus(host, 'flap_count'))).toBeGreaterThanOrEqual(3);
  });

  test('one that says that its path is broken is not forwarded to', async () => {
    reference.configure('set', 'interface', 'f0', 'bfd:cpath_down=true');
    await until(() => !isBfdUp(ours), 'ours to hear of it');
    await expect.poll(() => bfdStatus(ours, 'remote_diagnostic')).toBe('Concatenated Path Down');
    reference.configure('set', 'interface', 'f0', 'bfd:cpath_down=false');
    await until(() => isBfdUp(ours), 'ours to hear of it');
  });

  test('a session needs fewer control packets while nothing else comes, and as many as ever while something does', async () => {
    ours.configure('set', 'interface', 'e0', 'bfd:decay_min_rx=800');
    await until(() => intervals(ours)['Local Minimum RX Interval'] === '800ms', 'quiet to be found out');
    await until(() => intervals(reference)['TX Interval'] === 'Approx 800ms', 'the other end to be told');
    reference.host.run('ip', 'link', 'set', 'br0', 'up');
    const traffic = reference.host.start('ping', '-q', '-i', '0.02', 'ff02::1%br0');
    await until(
      () => intervals(ours)['Local Minimum RX Interval'] === '200ms',
      'traffic to be found out',
    ).finally(() => traffic.kill());
    ours.configure('remove', 'interface', 'e0', 'bfd', 'decay_min_rx');
    await until(() => both.every(isBfdUp), 'both to be up');
  });

  test('a partner that falls silent is noticed, and found again', async () => {
    await reference.kill();
    await until(() => !isBfdUp(ours) && cfm(ours, 'fault') === 'true', 'its silence to be noticed');
    await reference.start();
    await until(() => both.every((host) => isBfdUp(host) && isCfmSound(host)), 'both to hear each other');
  });

  test('the reference notices when ours falls silent, and finds it again', async () => {
    await ours.kill();
    await until(() => !isBfdUp(reference) && cfm(reference, 'fault') === 'true', 'our silence to be noticed');
    await ours.start();
    await until(() => both.every((host) => isBfdUp(host) && isCfmSound(host)), 'both to hear each other');
  });
});
