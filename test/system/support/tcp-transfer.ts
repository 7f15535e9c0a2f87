/** TCP from one network namespace to another. */
import { once } from 'node:events';
import { until } from './daemon-pair.ts';
import type { Namespace } from './namespace.ts';

const transfer = `${import.meta.dirname}/../../fixtures/tcp-transfer.mjs`;

/** Sends megabytes from one host to another; the hashes of both. */
export async function sumsOfTransfer(from: Namespace, to: Namespace, address: string, megabytes: number) {
  const receiver = to.start('node', transfer, 'receive');
  let said = '';
  receiver.stdout?.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const ended = once(receiver, 'close');
  try {
    await until(() => said === 'ready\n', 'the receiver');
    const done = from.try('timeout', '120', 'node', transfer, 'send', address, String(megabytes));
    if (done.status !== 0) throw new Error(`the transfer failed: ${done.stderr}`);
    await ended;
    return { sent: done.stdout.trim(), received: said.split('\n')[1] };
  } finally {
    receiver.kill();
  }
}
