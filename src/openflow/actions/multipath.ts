/** A number of a link, computed from a hash: Nicira's multipath; ovs-actions(7). */
import { OpenFlowError } from '../errors.ts';
import { hasShortHeader } from '../match/oxm.ts';
import { readLeadingNumber, wrong } from './arguments.ts';
import { defineAction } from './declare.ts';
import {
  type HashFields,
  hashFieldsNumber,
  hashFieldsOf,
  nextWord,
  readChoice,
  readHashFields,
} from './hash-fields.ts';
import {
  checkDestination,
  decodeShortSubfield,
  encodeShortSubfield,
  fieldOf,
  formatSubfield,
  readSubfield,
  refuse,
  type Subfield,
} from './subfield.ts';

/** By their numbers. */
const algorithms = ['modulo_n', 'hash_threshold', 'hrw', 'iter_hash'] as const;

export interface MultipathArguments {
  readonly fields: HashFields;
  readonly basis: number;
  readonly algorithm: (typeof algorithms)[number];
  readonly linkCount: number;
  /** Of the algorithm. */
  readonly argument: number;
  readonly destination: Subfield;
}

const mostLinks = 65536;

export const multipath = defineAction('multipath', {
  forms: [
    {
      wire: 'NX 1.0+ 10 NXAST_MULTIPATH',
      size: () => [22, 0],
      decode(body): MultipathArguments {
        const fields = hashFieldsOf(body.u16());
        const basis = body.u16();
        body.skip(2);
        const algorithm = algorithms[body.u16()];
        const linkCount = body.u16() + 1;
        const argument = body.u32();
        body.skip(2);
        const destination = decodeShortSubfield(body);
        if (fields === undefined || algorithm === undefined || 2 ** destination.width < linkCount)
          throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', `${linkCount} links in ${destination.width} bits`);
        refuse(checkDestination(destination), `a link into ${destination.field}`);
        return { fields, basis, algorithm, linkCount, argument, destination };
      },
      encode({ fields, basis, algorithm, linkCount, argument, destination }, to) {
        to.u16(hashFieldsNumber(fields));
        to.u16(basis);
        to.room(2);
        to.u16(algorithms.indexOf(algorithm));
        to.u16(linkCount - 1);
        to.u32(argument);
        to.room(2);
        encodeShortSubfield(to, destination);
      },
    },
  ],
  words: ['multipath'],
  read(text): MultipathArguments {
    const words: string[] = [];
    for (let rest = text; ; ) {
      const next = nextWord(rest, ', ');
      if (next.word === undefined || words.length === 6) break;
      words.push(next.word);
      ({ rest } = next);
    }
    const [fields = '', basis = '', algorithm = '', links = '', argument = '', destination] = words;
    if (destination === undefined) throw wrong(`${text}: not enough arguments to multipath action`);
    const start = {
      fields: readHashFields(fields, text),
      basis: readLeadingNumber(basis, 16),
      algorithm: readChoice(algorithms, algorithm, `${text}: unknown algorithm \`${algorithm}'`),
    };
    const linkCount = readLeadingNumber(links, 32) | 0;
    if (linkCount < 1 || linkCount > mostLinks)
      throw wrong(`${text}: n_links ${linkCount} is not in valid range 1 to ${mostLinks}`);
    const subfield = readSubfield(destination);
    const { width } = subfield;
    if (!hasShortHeader(fieldOf(subfield.field)))
      throw wrong(`${text}: experimenter OXM field '${destination}' not supported`);
    if (width < 16 && linkCount > 2 ** width)
      throw wrong(
        `${text}: ${width}-bit destination field has ${2 ** width} possible values, less than specified n_links ${linkCount}`,
      );
    return { ...start, linkCount, argument: readLeadingNumber(argument, 32), destination: subfield };
  },
  format: ({ fields, basis, algorithm, linkCount, argument, destination }) =>
    `multipath(${fields},${basis},${algorithm},${linkCount},${argument},${formatSubfield(destination)})`,
  check: ({ destination }, packet) => checkDestination(destination, packet),
});
