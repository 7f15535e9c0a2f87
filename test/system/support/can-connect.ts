/** Whether somebody listens on a socket: its file is there a moment earlier. */
import { createConnection } from 'node:net';

export function canConnect(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
