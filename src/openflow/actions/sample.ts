/** Packets to collectors of IPFIX: Nicira's sample, sample2 and sample3; ovs-actions(7). */
import { keyValues } from '../../flow/key-values.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { reservedPorts } from '../ports.ts';
import { checkZero, readPortArgument, readU32, readUnsigned, wrong } from './arguments.ts';
import { type ActionText, defineAction } from './declare.ts';

/** By their numbers; the first is what the port says. */
const directions = ['default', 'ingress', 'egress'] as const;

export interface SampleArguments {
  /** Of 65535 packets so many are sampled, on average. */
  readonly probability: number;
  readonly collectorSet: number;
  readonly observationDomain: number;
  readonly observationPoint: number;
  /** ANY for none. */
  readonly port: number;
  readonly direction: (typeof directions)[number];
  /** In a form that has a port, or a direction too, though a shorter one would do. */
  readonly saidAs: 'sample' | 'sample2' | 'sample3';
}

function decodeStart(
  body: Reader,
): Pick<SampleArguments, 'probability' | 'collectorSet' | 'observationDomain' | 'observationPoint'> {
  const probability = body.u16();
  if (probability === 0) throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', 'a sample of no packets');
  return {
    probability,
    collectorSet: body.u32(),
    observationDomain: body.u32(),
    observationPoint: body.u32(),
  };
}

function encodeStart(to: Writer, sample: SampleArguments): void {
  to.u16(sample.probability);
  to.u32(sample.collectorSet);
  to.u32(sample.observationDomain);
  to.u32(sample.observationPoint);
}

export const sample = defineAction('sample', {
  forms: [
    {
      wire: 'NX 1.0+ 29 NXAST_SAMPLE',
      size: () => [14, 0],
      decode: (body): SampleArguments => ({
        ...decodeStart(body),
        port: reservedPorts.ANY,
        direction: 'default',
        saidAs: 'sample',
      }),
      encode: (value, to) => encodeStart(to, value),
      canSay: ({ port, direction, saidAs }) =>
        saidAs === 'sample' && port === reservedPorts.ANY && direction === 'default',
    },
    {
      wire: 'NX 1.0+ 38 NXAST_SAMPLE2',
      size: () => [22, 0],
      decode: (body): SampleArguments => ({
        ...decodeStart(body),
        port: body.u16(),
        direction: 'default',
        saidAs: 'sample2',
      }),
      encode(value, to) {
        encodeStart(to, value);
        to.u16(value.port);
        to.room(6);
      },
      canSay: ({ direction, saidAs }) => saidAs !== 'sample3' && direction === 'default',
    },
    {
      wire: 'NX 1.0+ 41 NXAST_SAMPLE3',
      size: () => [22, 0],
      decode(body): SampleArguments {
        const ahead = body.part(14);
        const port = body.u16();
        const direction = directions[body.u8()];
        checkZero(body.octets(5));
        if (direction === undefined)
          throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', 'a direction of a sample that is not known');
        return { ...decodeStart(ahead), port, direction, saidAs: 'sample3' };
      },
      encode(value, to) {
        encodeStart(to, value);
        to.u16(value.port);
        to.u8(directions.indexOf(value.direction));
        to.room(5);
      },
    },
  ],
  words: ['sample'],
  read: readSample,
  format({ probability, collectorSet, observationDomain, observationPoint, port, direction }, { ports }) {
    const parts = [
      `probability=${probability}`,
      `collector_set_id=${collectorSet}`,
      `obs_domain_id=${observationDomain}`,
      `obs_point_id=${observationPoint}`,
      port === reservedPorts.ANY ? '' : `sampling_port=${ports.format(port)}`,
      direction === 'default' ? '' : direction,
    ];
    return `sample(${parts.filter((part) => part !== '').join(',')})`;
  },
});

function readSample(text: string, context: ActionText): SampleArguments {
  let value: SampleArguments = {
    probability: 0,
    collectorSet: 0,
    observationDomain: 0,
    observationPoint: 0,
    port: reservedPorts.ANY,
    direction: 'default',
    saidAs: 'sample',
  };
  for (const { name, value: given } of keyValues(text))
    value = { ...value, ...readArgument(name, given, context) };
  if (value.probability === 0) throw wrong('non-zero "probability" must be specified on sample');
  return value;
}

function readArgument(name: string, text: string, context: ActionText): Partial<SampleArguments> {
  switch (name) {
    case 'probability': {
      const probability = readUnsigned(text, 16, 'probability');
      if (probability === 0) throw wrong(`invalid probability value "${text}"`);
      return { probability };
    }
    case 'collector_set_id':
      return { collectorSet: readU32(text) };
    case 'obs_domain_id':
      return { observationDomain: readU32(text) };
    case 'obs_point_id':
      return { observationPoint: readU32(text) };
    case 'sampling_port': {
      const port = readPortArgument(text, context);
      if (port === undefined) throw wrong(`${text}: unknown port`);
      return { port };
    }
    case 'ingress':
    case 'egress':
      return { direction: name };
    default:
      throw wrong(`invalid key "${name}" in "sample" argument`);
  }
}
