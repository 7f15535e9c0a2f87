/** Messages of every kind and version, good and bad, as the real ovs-ofctl and ours print them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { encodeText } from '../../src/base/text.ts';
import { Writer } from '../../src/openflow/bytes.ts';
import { encodeMessage } from '../../src/openflow/codec.ts';
import { spoilt } from '../../src/openflow/message-fixture/damage.ts';
import { inVersion, messageNames, messageOf } from '../../src/openflow/message-fixture.ts';
import { formsToSend } from '../../src/openflow/message-table.ts';
import type { Message } from '../../src/openflow/messages/index.ts';
import { formatMessage } from '../../src/openflow/text/messages.ts';
import { allVersions, versionText, type WireVersion } from '../../src/openflow/versions.ts';
import { parseVerbosity, printedByOvsOfctl } from './support/ofp-parse.ts';

const random = seededRandom(16);

function encoded(version: WireVersion, message: Message, form: string): Uint8Array {
  const to = new Writer();
  const xid = random.u32();
  encodeMessage(to, version, { ...inVersion(message, version, xid), form }, xid);
  return to.written.slice();
}

interface Sample {
  readonly of: string;
  readonly bytes: Uint8Array;
}

function samples(perForm: number): Sample[] {
  return messageNames.flatMap((name) => {
    const messages = fc.sample(messageOf(name), { seed: 14, numRuns: perForm });
    return allVersions.flatMap((version) =>
      formsToSend(version, name).flatMap(({ printed }) =>
        messages.flatMap((message) => {
          const bytes = encoded(version, message, printed);
          const of = `${printed} of version ${versionText(version)}`;
          return [bytes, spoilt(bytes, random)].map((one) => ({ of, bytes: one }));
        }),
      ),
    );
  });
}

/** Which error of several a list of actions has is compared in `openflow-actions.test.ts`; some have no name at all. */
const actionError = /\*\*\*decode error: (OFPB[AI]C_\w+|<invalid>)\*\*\*/;

/** A character for each byte. */
const bytesOf = (text: string): string => encodeText(text).toString('latin1');

const all = samples(4);
const theirs = printedByOvsOfctl(all.map(({ bytes }) => bytes));
/** What ovs-ofctl says by mistake: flags of eviction for eviction, write actions of OpenFlow 1.1 for apply actions. */
const mistakes = /eviction=\*\*\*error\*\*\*|^OFPST_TABLE reply \(OF1\.1\).*Write-Actions and Apply-Actions/s;
const kinds = [...new Set(all.map(({ of }) => of))];

describe('ovs-ofctl ofp-parse', () => {
  test('prints each of them', () => {
    expect(all.length).toBeGreaterThan(400);
    expect(theirs.length).toBe(all.length);
  });

  test.each(kinds)('%s', (kind) => {
    const chosen = all.flatMap(({ of, bytes }, n) =>
      of === kind && !mistakes.test(theirs[n] ?? '') && !actionError.test(theirs[n] ?? '')
        ? [{ bytes, text: theirs[n] }]
        : [],
    );
    expect(chosen.map(({ bytes }) => bytesOf(formatMessage(bytes, parseVerbosity)))).toEqual(
      chosen.map(({ text }) => text),
    );
  });
});
