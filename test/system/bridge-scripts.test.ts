/**
 * Bridges driven by ovs-ofctl: the lists of commands in bridge-scripts/ (support/bridge-scripts.ts), to the real daemon
 * and to ours.
 */
import { describe } from 'vitest';
import { describeScripts } from './support/bridge-scripts.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { twoBridges } from './support/two-bridges.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`bridge-scripts.test.ts: not run: ${reason}\n`);

describe.runIf(reason === undefined)('beside the reference', () =>
  describeScripts(twoBridges('bridge-scripts')),
);
