/** Who made a switch: OpenFlow 1.0.2 section 5.3.5.1, 1.5.1 section 7.3.5.1. */
import { bareMessage, defineMessage } from '../declare.ts';
import { type Part, struct } from '../layout.ts';

export const descRequest = bareMessage('DESC_REQUEST', 'OFPST 1.0+ 0 request');

/** Text that may fill all of its bytes. */
function wholeText(size: number): Part<string> {
  return {
    size,
    read: (from) => from.text(size),
    write: (to, value) => to.text(value, size),
  };
}

export interface SwitchDescription {
  readonly manufacturer: string;
  readonly hardware: string;
  readonly software: string;
  readonly serialNumber: string;
  /** Of this switch, in its operator's words. */
  readonly datapath: string;
}

const description: Part<SwitchDescription> = struct({
  manufacturer: wholeText(256),
  hardware: wholeText(256),
  software: wholeText(256),
  serialNumber: wholeText(32),
  datapath: wholeText(256),
});

export const descReply = defineMessage(
  'DESC_REPLY',
  [
    {
      wire: 'OFPST 1.0+ 0 reply',
      size: [description.size, 0],
      decode: (body) => description.read(body),
      encode: (value, to) => description.write(to, value),
    },
  ],
  ({ manufacturer, hardware, software, serialNumber, datapath }) => `
Manufacturer: ${manufacturer}
Hardware: ${hardware}
Software: ${software}
Serial Num: ${serialNumber}
DP Description: ${datapath}
`,
);
