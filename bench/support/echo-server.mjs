/** Sends back what comes to UDP port 7000. */
import { createSocket } from 'node:dgram';

const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
socket.on('message', (bytes, { port, address }) => socket.send(bytes, port, address));
socket.bind(7000, () => process.stdout.write('ready\n'));
process.stdin.resume(); // until whoever started us closes it
process.stdin.on('end', () => process.exit());
