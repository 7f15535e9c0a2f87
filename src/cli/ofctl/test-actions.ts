/** Commands for tests: actions and instructions as bytes, printed and written again. */

import { Fatal } from '../../daemon/program.ts';
import { matchOn } from '../../flow/match.ts';
import { decodeActions, formatActions, writeActions } from '../../openflow/action-codec.ts';
import { checkActions } from '../../openflow/action-rules.ts';
import { readLeadingNumber } from '../../openflow/actions/arguments.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { Reader, Writer } from '../../openflow/bytes.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { readInstructions, writeInstructions } from '../../openflow/instruction-codec.ts';
import { portText } from '../../openflow/ports.ts';
import { versionNamed, type WireVersion } from '../../openflow/versions.ts';
import type { OfctlContext } from './context.ts';
import { differences, hexLine, plainLines } from './test-lines.ts';

const portLimit = 0xff00;
const anyTable = 255;

/** What `parse-actions VERSION` and `parse-instructions VERSION` do. */
export function printActions(what: 'actions' | 'instructions') {
  return ({ print }: OfctlContext, [name = '']: readonly string[]): void => {
    const version = versionNamed(name);
    if (version === undefined) throw new Fatal(`${name}: not a valid OpenFlow version`);
    for (const line of plainLines()) {
      const [, table = '', digits = ''] = /^(?:([^,]*),)?(.*)$/.exec(line) ?? [];
      const bytes = hexLine(digits);
      try {
        print(describe(bytes, version, what, readLeadingNumber(table, 8)));
      } catch (why) {
        if (!(why instanceof OpenFlowError)) throw why;
        print(`bad ${name} ${what}: ${why.errorName}\n\n`);
      }
    }
  };
}

function describe(
  bytes: Uint8Array,
  version: WireVersion,
  what: 'actions' | 'instructions',
  table: number,
): string {
  const to = new Writer();
  const list = read(bytes, version, what, table);
  if (what === 'instructions') writeInstructions(to, list, version);
  else writeActions(to, list, version);
  const text = formatActions(list, { ports: portText });
  return `actions=${text}\n${differences(bytes, to.written)}\n`;
}

/** Throws OpenFlowError. */
function read(
  bytes: Uint8Array,
  version: WireVersion,
  what: 'actions' | 'instructions',
  table: number,
): readonly Action[] {
  const from = new Reader(bytes);
  if (what === 'actions') return decodeActions(from, version);
  const list = readInstructions(from, version);
  const error = checkActions(list, matchOn({}), { version, portLimit, table, tableCount: anyTable });
  if (error !== undefined && error !== 'inconsistent') throw new OpenFlowError(error, 'the actions');
  return list;
}
