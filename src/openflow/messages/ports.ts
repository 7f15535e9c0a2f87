/** Ports that come, change and go: OpenFlow 1.0.2 section 5.3.3 and 5.4.3, 1.5.1 section 7.3.4.3, 7.3.5.7 and 7.4.3. */
import { formatMac } from '../../base/addresses.ts';
import type { Reader } from '../bytes.ts';
import { defineMessage, listForm, type MessageForm, type MessageText } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { longPort, mac, type Part, pad, shortPort, struct, u32 } from '../layout.ts';
import { reservedPorts } from '../ports.ts';
import { type Property, readProperties, readWord, unknownPropertyOf, writeWord } from '../properties.ts';
import type { WireVersion } from '../versions.ts';
import {
  features10,
  features11,
  formatFeatures,
  formatPortDescription,
  formatPorts,
  type PortDescription,
  parsePortDescription,
  portConfigBits,
  portConfigNames,
  portSize,
  toFeatures10,
  writePort,
} from './port-description.ts';
import { formatBits } from './text.ts';

const reasons = ['add', 'delete', 'modify'] as const;
const reasonTexts = { add: 'ADD', delete: 'DEL', modify: 'MOD' } as const;

export interface PortStatus {
  readonly reason: (typeof reasons)[number];
  readonly port: PortDescription;
}

function portStatusForm(
  wire: MessageForm<PortStatus>['wire'],
  size: MessageForm<PortStatus>['size'],
): MessageForm<PortStatus> {
  return {
    wire,
    size,
    decode(body, version) {
      const number = body.u8();
      const reason = reasons[number];
      if (reason === undefined)
        throw new OpenFlowError('NXBRC_BAD_REASON', `reason ${number} of a port status`);
      body.skip(7);
      return { reason, port: parsePortDescription(body, version) };
    },
    encode({ reason, port }, to, version) {
      to.u8(reasons.indexOf(reason));
      to.room(7);
      writePort(port, to, version);
    },
  };
}

export const portStatus = defineMessage(
  'PORT_STATUS',
  [
    portStatusForm('OFPT 1.0 12', [8 + portSize(1), 0]),
    portStatusForm('OFPT 1.1-1.3 12', [8 + portSize(2), 0]),
    portStatusForm('OFPT 1.4+ 12', [48, 8]),
  ],
  ({ reason, port }) => ` ${reasonTexts[reason]}:${formatPortDescription(port)}`,
);

export interface PortMod {
  readonly port: number;
  readonly mac: Uint8Array;
  /** Bits of `portConfigNames` that change, and those of them that are set. */
  readonly mask: number;
  readonly config: number;
  /** Features to advertise; 0 leaves them as they are. */
  readonly advertise: number;
}

const portMod10 = struct({ port: shortPort, mac, config: u32, mask: u32, advertise: u32, pad: pad(4) });
const portMod11 = struct({
  port: longPort,
  pad1: pad(4),
  mac,
  pad2: pad(2),
  config: u32,
  mask: u32,
  advertise: u32,
  pad3: pad(4),
});
const portMod14 = struct({ port: longPort, pad1: pad(4), mac, pad2: pad(2), config: u32, mask: u32 });
const ethernetProperty = 0;
const unknownProperty = unknownPropertyOf('ofp_port', 'port_mod');

/** With the bits only that the version has and the mask lets through. */
function changes(mod: PortMod, version: WireVersion): PortMod {
  const mask = mod.mask & portConfigBits(version);
  return { ...mod, mask, config: mod.config & mask };
}

function portModForm(
  wire: MessageForm<PortMod>['wire'],
  layout: Part<PortMod>,
  features: (bits: number) => number,
  toFeatures: (features: number) => number,
): MessageForm<PortMod> {
  return {
    wire,
    size: [layout.size, 0],
    decode(body, version) {
      const mod = changes(layout.read(body), version);
      return { ...mod, advertise: features(mod.advertise) };
    },
    encode(value, to, version) {
      layout.write(to, { ...changes(value, version), advertise: toFeatures(value.advertise) });
    },
  };
}

const portMod14Form: MessageForm<PortMod> = {
  wire: 'OFPT 1.4+ 16',
  size: [portMod14.size, 8],
  decode(body, version, _inner, recipient) {
    const fixed = portMod14.read(body);
    let advertise = 0;
    const take = (property: Property): boolean => {
      const isKnown = property.experimenter === 0 && property.type === ethernetProperty;
      if (isKnown) advertise = features11(readWord(property));
      return isKnown;
    };
    readProperties(body, take, recipient === undefined ? 'passed over' : unknownProperty);
    return changes({ ...fixed, advertise }, version);
  },
  encode(value, to, version) {
    portMod14.write(to, changes(value, version));
    if (value.advertise !== 0) writeWord(to, ethernetProperty, features11(value.advertise));
  },
};

export const portMod = defineMessage(
  'PORT_MOD',
  [
    portModForm('OFPT 1.0 15', portMod10, features10, toFeatures10),
    portModForm('OFPT 1.1-1.3 16', portMod11, features11, features11),
    portMod14Form,
  ],
  ({ port, mac: address, config, mask, advertise }, { ports }) =>
    ` port: ${ports.format(port)}: addr:${formatMac(address)}
     config: ${formatBits(config, portConfigNames)}
     mask:   ${formatBits(mask, portConfigNames)}
     advertise: ${advertise === 0 ? 'UNCHANGED' : formatFeatures(advertise)}\n`,
);

export interface PortRequest {
  /** ANY for all. */
  readonly port: number;
}

const longRequest = struct({ port: longPort, pad: pad(4) });

export const portDescRequest = defineMessage<'PORT_DESC_REQUEST', PortRequest>(
  'PORT_DESC_REQUEST',
  [
    {
      wire: 'OFPST 1.0-1.4 13 request',
      size: [0, 0],
      decode: () => ({ port: reservedPorts.ANY }),
      encode: () => {},
    },
    {
      wire: 'OFPST 1.5+ 13 request',
      size: [longRequest.size, 0],
      decode: (body: Reader) => longRequest.read(body),
      encode: (value, to) => longRequest.write(to, value),
    },
  ],
  ({ port }, { ports }: MessageText) => ` port=${ports.format(port)}`,
);

export const portDescReply = defineMessage(
  'PORT_DESC_REPLY',
  [
    listForm('OFPST 1.0 13 reply', [0, portSize(1)], parsePortDescription, writePort),
    listForm('OFPST 1.1-1.3 13 reply', [0, portSize(2)], parsePortDescription, writePort),
    listForm('OFPST 1.4+ 13 reply', [0, 8], parsePortDescription, writePort),
  ],
  (ports) => `\n${formatPorts(ports)}`,
);
