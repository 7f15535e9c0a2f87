/**
 * Asks an echo server on UDP port 7000 from a port of its own each time, so that every question is a new connection:
 * `node ask-from-new-ports.mjs ADDRESS COUNT OUTSTANDING`. Prints how many were answered in a second and the median delay.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const [address, count, outstanding] = process.argv.slice(2);
const firstPort = 10_000;
const retry = 1000; // milliseconds

let next = 0;
const delays = [];

/** Resolves with the milliseconds until the answer came. */
async function ask(port) {
  const socket = createSocket('udp4');
  socket.bind(port);
  await once(socket, 'listening');
  const start = performance.now();
  const answered = once(socket, 'message');
  const send = () => socket.send('?', 7000, address);
  send();
  const timer = setInterval(send, retry);
  await answered;
  clearInterval(timer);
  socket.close();
  return performance.now() - start;
}

async function lane() {
  while (next < Number(count)) delays.push(await ask(firstPort + next++));
}

const start = performance.now();
await Promise.all(Array.from({ length: Number(outstanding) }, lane));
const seconds = (performance.now() - start) / 1000;
delays.sort((a, b) => a - b);
process.stdout.write(
  JSON.stringify({ perSecond: delays.length / seconds, median: delays[delays.length >> 1] }),
);
