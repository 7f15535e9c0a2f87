/**
 * Sends frames out of a device, so many a second, one after the other and from the beginning again, until its standard input
 * closes. `node send-frames.mjs DEVICE FILE RATE`: FILE has a frame in hexadecimal digits on each line. Needs root.
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';

const [device = '', file = '', rate = '1000'] = process.argv.slice(2);
const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int family, int type, int protocol)');
const bind = libc.func('int bind(int fd, void *address, int size)');
const send = libc.func('long send(int fd, void *data, size_t size, int flags)');
const indexOfDevice = libc.func('unsigned int if_nametoindex(const char *name)');
const family = 17; // AF_PACKET
const raw = 3;
const interval = 2; // milliseconds

const frames = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => Buffer.from(line, 'hex'));
const fd = socket(family, raw, 0);
const address = Buffer.alloc(20);
address.writeUInt16LE(family, 0);
address.writeInt32LE(indexOfDevice(device), 4);
if (bind(fd, address, address.length) !== 0)
  throw new Error(`${device} cannot be opened (errno ${koffi.errno()})`);

const start = performance.now();
let count = 0;
setInterval(() => {
  const due = ((performance.now() - start) * Number(rate)) / 1000;
  for (; count < due; count++) {
    const frame = frames[count % frames.length];
    send(fd, frame, frame.length, 0);
  }
}, interval);
process.stdin.on('end', () => process.exit()).resume();
