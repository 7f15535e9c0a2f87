/**
 * bpf(2): loads a program and attaches it to a device. A descriptor holds each; what it holds goes with it, at the
 * latest when the process ends, however that happens.
 */
import { addressOf, checked, libcFunction, libcInBackground } from './libc.ts';

const prototype = 'long syscall(long, int, void *, unsigned int)';
const nativeSyscall = libcFunction<number | bigint>(prototype);
const backgroundSyscall = libcInBackground(prototype, { isPatient: true });

const bpfCall = process.arch === 'arm64' ? 280 : 321;
const BPF_PROG_LOAD = 5;
const BPF_LINK_CREATE = 28;
const BPF_PROG_TYPE_SCHED_CLS = 3;
const BPF_TCX_INGRESS = 46;

/** Offsets in union bpf_attr. */
const loadAttr = { type: 0, count: 4, instructions: 8, license: 16, attachType: 68, size: 144 } as const;
const linkAttr = { program: 0, ifindex: 4, attachType: 8, size: 64 } as const;
const instructionSize = 8;

/** A program that sees each frame a device receives, before the host does. Throws SyscallFailed. */
export function loadIngressProgram(instructions: Uint8Array, tried: string): number {
  const attr = new DataView(new ArrayBuffer(loadAttr.size));
  const license = new TextEncoder().encode('Apache-2.0\0');
  attr.setUint32(loadAttr.type, BPF_PROG_TYPE_SCHED_CLS, true);
  attr.setUint32(loadAttr.count, instructions.length / instructionSize, true);
  attr.setBigUint64(loadAttr.instructions, BigInt(addressOf(instructions)), true);
  attr.setBigUint64(loadAttr.license, BigInt(addressOf(license)), true);
  attr.setUint32(loadAttr.attachType, BPF_TCX_INGRESS, true);
  return bpf(BPF_PROG_LOAD, attr, tried);
}

/**
 * Attaches such a program to a device (tcx, Linux 6.6), off this thread: the kernel takes milliseconds for it, as it does
 * to detach it when the descriptor is closed. Throws SyscallFailed.
 */
export async function attachToIngress(programFd: number, ifindex: number, tried: string): Promise<number> {
  const attr = new DataView(new ArrayBuffer(linkAttr.size));
  attr.setUint32(linkAttr.program, programFd, true);
  attr.setUint32(linkAttr.ifindex, ifindex, true);
  attr.setUint32(linkAttr.attachType, BPF_TCX_INGRESS, true);
  const bytes = new Uint8Array(attr.buffer);
  const fd = Number(await backgroundSyscall(bpfCall, BPF_LINK_CREATE, bytes, bytes.byteLength));
  return fd >= 0 ? fd : bpf(BPF_LINK_CREATE, attr, tried); // once more, for the reason
}

function bpf(command: number, attr: DataView, tried: string): number {
  const result = nativeSyscall(bpfCall, command, new Uint8Array(attr.buffer), attr.byteLength);
  return checked(Number(result), 'bpf', tried);
}
