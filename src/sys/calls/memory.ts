/** mmap(2): memory shared with the kernel, and native addresses of our own. */
import { failed, libcFunction, loadKoffi } from './libc.ts';

const nativeMmap = libcFunction('intptr_t mmap(void *, size_t, int, int, int, int64_t)');
const nativeMunmap = libcFunction('int munmap(uintptr_t, size_t)');

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;

/** A region of memory with its native address. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  readonly address: number;
  /** After this any use of `buffer` is a segmentation fault: whoever unmaps forgets all views first. */
  unmap(): void;
}

/** Maps `size` bytes of a descriptor (a packet ring, a BPF ring buffer), shared, readable and writable. */
export function mapFd(fd: number, size: number, tried: string): Memory {
  return map(size, MAP_SHARED, fd, tried);
}

/** Zeroed memory of our own, page-aligned, physical only where it has been touched. */
export function allocate(size: number): Memory {
  return map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1, `cannot get ${size} bytes of memory`);
}

function map(size: number, flags: number, fd: number, tried: string): Memory {
  const address = nativeMmap(null, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (address === -1) throw failed('mmap', tried);
  return {
    buffer: loadKoffi().view(BigInt(address), size),
    address,
    unmap: () => void nativeMunmap(address, size),
  };
}
