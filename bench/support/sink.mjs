/** Holds UDP port 2000 and never reads: what arrives is dropped by the kernel, without an ICMP answer for each. */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int family, int type, int protocol)');
const bind = libc.func('int bind(int fd, void *address, int size)');
const address = Buffer.alloc(16);
address.writeUInt16LE(2, 0); // AF_INET
address.writeUInt16BE(2000, 2);
if (bind(socket(2, 2, 0), address, address.length) !== 0) throw new Error('port 2000 is taken');
process.stdout.write('ready\n');
process.stdin.resume(); // until whoever started us closes it
