/** Plain descriptors: close, read, write, and being told when one becomes readable. */
import type { Server, Socket } from 'node:net';
import { lastErrno, libcFunction, libcInBackground, loadKoffi } from './libc.ts';

const nativeClose = libcFunction('int close(int)');
const backgroundClose = libcInBackground('int close(int)', { isPatient: true });
const nativeRead = libcFunction('long read(int, void *, size_t)');
const nativeWrite = libcFunction('long write(int, void *, size_t)');

/** Errors of close tell nothing that could be acted on. */
export function closeFd(fd: number): void {
  nativeClose(fd);
}

/**
 * Closes what takes the kernel long to close (a packet ring: tens of milliseconds) on another thread; resolves when it
 * is done.
 */
export async function closeInBackground(fd: number): Promise<void> {
  await backgroundClose(fd);
}

/** The descriptor of a socket that Node has opened; undefined once it is closed. */
export function descriptorOf(socket: Socket | Server): number | undefined {
  // Every net.Socket and net.Server has its libuv handle here, and on Unix a handle has its descriptor; no public name.
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd: number } | null };
  return handle === null || handle.fd < 0 ? undefined : handle.fd;
}

/** Bytes read, or the negative error number. */
export function readFd(fd: number, into: Uint8Array): number {
  const got = nativeRead(fd, into, into.byteLength);
  return got < 0 ? -lastErrno() : got;
}

/** Bytes written, or the negative error number. */
export function writeFd(fd: number, from: Uint8Array): number {
  const sent = nativeWrite(fd, from, from.byteLength);
  return sent < 0 ? -lastErrno() : sent;
}

/** Reads at most `size` bytes to a native address; bytes read, or the negative error number. */
export function readTo(fd: number, address: number, size: number): number {
  const got = readAddress(fd, address, size);
  return got < 0 ? -lastErrno() : got;
}
const readAddress = libcFunction('long read(int, uintptr_t, size_t)');

/** Ends a watch. Idempotent. */
export interface Watch {
  close(): void;
}

/**
 * Calls `onReadable` from the event loop of this thread as long as the non-blocking descriptor has something to read
 * or an error to fetch. Keeps the process alive only when told so.
 */
export function watchReadable(fd: number, onReadable: () => void, { keepsAlive = false } = {}): Watch {
  const handle = loadKoffi().node.poll(fd, { readable: true }, () => {
    try {
      onReadable();
    } catch (error) {
      // from koffi it would come to nobody
      process.nextTick(() => {
        throw error;
      });
    }
  });
  if (!keepsAlive) handle.unref();
  const watch: Watch = {
    close() {
      if (!open.delete(watch)) return;
      handle.stop();
      handle.close();
    },
  };
  if (!closesAtExit) process.once('exit', closeAll);
  closesAtExit = true;
  open.add(watch);
  return watch;
}

/** Holds the watches: the collector would end the watch of a handle that nobody holds. */
const open = new Set<Watch>();
let closesAtExit = false;

/** A watch must not fire while the process takes itself apart: there is no JavaScript to call any more. */
function closeAll(): void {
  for (const watch of open) watch.close();
}
