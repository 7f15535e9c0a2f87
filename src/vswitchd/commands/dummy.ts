/** `netdev-dummy/*`: with --enable-dummy, a test brings frames to dummy devices and changes their state. */
import { Malformed, Refused } from '../../base/errors.ts';
import { readHexBytes } from '../../base/hex-dump.ts';
import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import { readKey } from '../../datapath/text/key.ts';
import type { ReadKey } from '../../datapath/text/member.ts';
import { composeFrame, composeFrameOfSize } from '../../flow/compose.ts';
import type { DummyDevice, DummyDevices } from '../../netdev/dummy/device.ts';
import { ethernet } from '../../wire/ethernet.ts';

/** Bytes of a frame on the wire, without its checksum. */
const shortestFrame = 60;
const longestFrame = 65_535;

export function dummyCommands(dummies: DummyDevices): Command[] {
  const deviceNamed = (name: string | undefined, unknown: string): DummyDevice => {
    const device = name === undefined ? undefined : dummies.get(name);
    if (device === undefined) throw new Refused('dummy', unknown);
    return device;
  };
  return [
    defineCommand({
      name: 'netdev-dummy/receive',
      usage: 'name [--qid queue_id] packet|flow [--len packet_len]',
      minArgs: 2,
      maxArgs: Number.POSITIVE_INFINITY,
      run([name, ...packets]) {
        const device = deviceNamed(name, 'no such dummy netdev');
        for (const frame of readFrames(packets)) device.receive(frame);
        return '';
      },
    }),
    defineCommand({
      name: 'netdev-dummy/set-admin-state',
      usage: '[netdev] up|down',
      minArgs: 1,
      maxArgs: 2,
      run(args) {
        const state = args.at(-1);
        if (state !== 'up' && state !== 'down') throw new Refused('dummy', 'Invalid Admin State');
        const devices = args.length === 2 ? [deviceNamed(args[0], 'Unknown Dummy Interface')] : dummies.all();
        for (const device of devices) device.set({ isUp: state === 'up' });
        return 'OK';
      },
    }),
  ];
}

/** Frames in hexadecimal, or flows from which they are composed; "--len N" after a flow makes its frame that long. */
function readFrames(args: readonly string[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const queue = args[0] === '--qid' ? args.slice(2) : [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    const bytes = readFrame(arg);
    if (bytes !== undefined) {
      frames.push(bytes);
      continue;
    }
    const isSized = queue[0] === '--len' && queue.length > 1;
    const [, size] = isSized ? queue.splice(0, 2) : [];
    frames.push(composeFlow(arg, size));
  }
  return frames;
}

/** Undefined for what is no whole Ethernet header. */
function readFrame(text: string): Uint8Array | undefined {
  const bytes = readHexBytes(text);
  return bytes === undefined || bytes.length < ethernet.size ? undefined : bytes;
}

function composeFlow(text: string, sizeText: string | undefined): Uint8Array {
  const { key } = readFlow(text);
  if (sizeText === undefined) return composeFrame(key);
  const size = Number.parseInt(sizeText, 10);
  if (!(size >= shortestFrame && size <= longestFrame)) throw new Refused('dummy', 'too small packet len');
  const frame = composeFrameOfSize(key, size);
  if (frame === undefined) throw new Refused('dummy', `${text}: its headers do not fit into ${size} bytes`);
  return frame;
}

function readFlow(text: string): ReadKey {
  try {
    return readKey(text);
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    throw new Refused('dummy', `syntax error at ${text.slice(why.at)}`);
  }
}
