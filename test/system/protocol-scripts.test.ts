/**
 * Bonds, mirrors, queues and what bridges speak with their neighbours: the lists of commands in protocol-scripts/
 * (support/bridge-scripts.ts), to the real daemon and to ours.
 */
import { describe } from 'vitest';
import { describeScripts } from './support/bridge-scripts.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { twoBridges } from './support/two-bridges.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`protocol-scripts.test.ts: not run: ${reason}\n`);

describe.runIf(reason === undefined)('beside the reference', () =>
  describeScripts(twoBridges('protocol-scripts')),
);
