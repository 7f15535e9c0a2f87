/**
 * TCP at a steady rate, and how long it was silent. `gap.mjs receive PORT` prints "ready", then, for each line on standard
 * input, the longest time since the last line without a byte, in milliseconds. `gap.mjs send ADDRESS PORT MBIT` sends.
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [role, ...args] = process.argv.slice(2);

function receive([port]) {
  let last = 0;
  let longest = 0;
  const came = () => {
    const now = performance.now();
    if (last > 0) longest = Math.max(longest, now - last);
    last = now;
  };
  createServer((socket) => socket.on('data', came).on('error', () => {})).listen(Number(port), () =>
    process.stdout.write('ready\n'),
  );
  createInterface({ input: process.stdin })
    .on('line', () => {
      came(); // what lasts counts, too
      process.stdout.write(`${longest}\n`);
      longest = 0;
    })
    .on('close', () => process.exit(0));
}

function send([address, port, megabits]) {
  const bytesEach = (1e6 * Number(megabits)) / 8 / 1000; // in a millisecond
  const chunk = Buffer.alloc(Math.ceil(bytesEach));
  const socket = connect({ host: address, port: Number(port), noDelay: true });
  let due = performance.now();
  const turn = () => {
    for (; due <= performance.now(); due++) {
      if (socket.writableLength < 50 * chunk.length) socket.write(chunk);
    }
  };
  socket.on('connect', () => setInterval(turn, 1)).on('error', () => process.exit(1));
  process.stdin.resume().on('close', () => process.exit(0));
}

if (role === 'receive') receive(args);
else send(args);
