/**
 * Sends 60-byte UDP frames out of a device as fast as one core can: the kernel itself makes copies of one frame
 * (BPF_PROG_TEST_RUN with live frames of an XDP program that redirects to the device).
 * `node generate.mjs DEVICE SECONDS SOURCE-MAC DESTINATION-MAC`; run inside the sender's namespace, as root.
 */
import koffi from 'koffi';

const [device = '', seconds = '5', sourceMac = '', destinationMac = ''] = process.argv.slice(2);
const libc = koffi.load('libc.so.6');
const syscall = libc.func('long syscall(long number, int command, void *attributes, unsigned int size)');
const indexOfDevice = libc.func('unsigned int if_nametoindex(const char *name)');
const bpfNumber = { x64: 321, arm64: 280 }[process.arch];
const command = { load: 5, testRun: 10 };
const programType = { xdp: 6 };
const liveFrames = 2;

/** One eBPF instruction: opcode, registers, offset, immediate (RFC 9669 section 3). */
function instruction(opcode, destination, immediate) {
  const bytes = Buffer.alloc(8);
  bytes[0] = opcode;
  bytes[1] = destination;
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}

const move = 0xb7;
const call = 0x85;
const exit = 0x95;
const redirect = 23;
const program = Buffer.concat([
  instruction(move, 1, indexOfDevice(device)), // r1 = device
  instruction(move, 2, 0), //                     r2 = flags
  instruction(call, 0, redirect), //              r0 = bpf_redirect(r1, r2)
  instruction(exit, 0, 0),
]);

function address(buffer) {
  return BigInt(koffi.address(buffer));
}

function load() {
  const licence = Buffer.from('GPL\0');
  const attributes = Buffer.alloc(144);
  attributes.writeUInt32LE(programType.xdp, 0);
  attributes.writeUInt32LE(program.length / 8, 4);
  attributes.writeBigUInt64LE(address(program), 8);
  attributes.writeBigUInt64LE(address(licence), 16);
  const fd = Number(syscall(bpfNumber, command.load, attributes, attributes.length));
  if (fd < 0) throw new Error(`the kernel refused the generator's program (errno ${koffi.errno()})`);
  return fd;
}

/** UDP 10.0.0.1:1000 to 10.0.0.2:2000, 60 bytes. */
function frame() {
  const bytes = Buffer.alloc(60);
  const header = '4500002e00000000401100000a0000010a00000203e807d0001a0000';
  Buffer.from(`${destinationMac}${sourceMac}`.replaceAll(':', ''), 'hex').copy(bytes);
  Buffer.from(`0800${header}`, 'hex').copy(bytes, 12);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes.writeUInt16BE(~sum & 0xffff, 24);
  return bytes;
}

const fd = load();
const packet = frame();
/** Many: after each run the kernel waits for an RCU grace period, and nothing is sent meanwhile. */
const repeat = 1 << 20;
const attributes = Buffer.alloc(80);
attributes.writeUInt32LE(fd, 0);
attributes.writeUInt32LE(packet.length, 8);
attributes.writeBigUInt64LE(address(packet), 16);
attributes.writeUInt32LE(repeat, 32);
attributes.writeUInt32LE(liveFrames, 64);
attributes.writeUInt32LE(64, 72); // frames at a time
const end = performance.now() + 1000 * Number(seconds);
let count = 0;
while (performance.now() < end) {
  if (syscall(bpfNumber, command.testRun, attributes, attributes.length) < 0)
    throw new Error(`the kernel refused to generate (errno ${koffi.errno()})`);
  count += repeat;
}
process.stdout.write(`${Math.round(count / Number(seconds))}\n`);
