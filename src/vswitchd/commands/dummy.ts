/** `netdev-dummy/*`: with --enable-dummy, a test brings frames to dummy devices and changes their state. */
import { Malformed, Refused } from '../../base/errors.ts';
import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import { readKey } from '../../datapath/text/key.ts';
import { composeFrame } from '../../flow/compose.ts';
import { type DummyDevice, dummyDevice, dummyDevices } from '../../netdev/dummy/device.ts';

export function dummyCommands(): Command[] {
  return [
    defineCommand({
      name: 'netdev-dummy/receive',
      usage: 'name [--qid queue_id] packet|flow [--len packet_len]',
      minArgs: 2,
      maxArgs: Number.POSITIVE_INFINITY,
      run([name, ...packets]) {
        const device = deviceNamed(name);
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
        const devices = args.length === 2 ? [deviceNamed(args[0])] : dummyDevices();
        for (const device of devices) device.set({ isUp: state === 'up' });
        return 'OK';
      },
    }),
  ];
}

function deviceNamed(name: string | undefined): DummyDevice {
  const device = name === undefined ? undefined : dummyDevice(name);
  if (device === undefined) throw new Refused('dummy', 'no such dummy netdev');
  return device;
}

/** Frames in hexadecimal, or flows from which they are composed; "--len N" after one makes it that long. */
function readFrames(args: readonly string[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '--qid') queue.shift();
    else if (arg === '--len') {
      const last = frames.pop();
      if (last !== undefined) frames.push(resized(last, Number(queue.shift())));
    } else frames.push(readFrame(arg));
  }
  return frames;
}

function readFrame(text: string): Uint8Array {
  if (/^([0-9a-fA-F]{2})+$/.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'));
  try {
    return composeFrame(readKey(text).key);
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    throw new Refused('dummy', `bad packet or flow syntax: ${why.message}`);
  }
}

function resized(frame: Uint8Array, size: number): Uint8Array {
  if (!Number.isInteger(size) || size < 14 || size > 65_535) throw new Refused('dummy', 'bad packet length');
  const made = new Uint8Array(size);
  made.set(frame.subarray(0, size));
  return made;
}
