/** How many changes of flows a second are read from bytes and written to them. */
import { keyValues } from '../src/flow/key-values.ts';
import { packMatch } from '../src/flow/match.ts';
import { MatchBuilder } from '../src/flow/match-text.ts';
import { readActionText } from '../src/openflow/action-codec.ts';
import { Writer } from '../src/openflow/bytes.ts';
import { decodeMessage, encodeMessage, type Sent } from '../src/openflow/codec.ts';
import { portText } from '../src/openflow/ports.ts';
import type { WireVersion } from '../src/openflow/versions.ts';
import { type Bench, median, type Row } from './support/report.ts';

const messageCount = 1000;
const roundCount = 101;

/** A flow with a match on five fields of a TCP connection, and one output. */
function flowMod(n: number): Sent {
  const builder = new MatchBuilder();
  const text = `tcp,nw_src=10.0.${n >> 8}.${n & 255},nw_dst=10.1.0.1,tp_src=${1024 + n},tp_dst=80`;
  for (const { name, value } of keyValues(text)) builder.take(name, value, portText);
  const value = {
    command: 'add' as const,
    table: 0,
    match: packMatch(builder.key, builder.mask),
    priority: 100,
    newCookie: BigInt(n),
    cookie: 0n,
    cookieMask: 0n,
    idleTimeout: 60,
    hardTimeout: 0,
    importance: 0,
    bufferId: undefined,
    outPort: 0xffff,
    outGroup: 0xffffffff,
    flags: 0,
    actions: readActionText(`output:${1 + (n % 48)}`, { ports: portText }),
  };
  return { name: 'FLOW_MOD', value };
}

/** Median of how many a second. */
function perSecond(doAll: () => void): number {
  const rates: number[] = [];
  for (let round = 0; round < roundCount; round++) {
    const start = process.hrtime.bigint();
    doAll();
    rates.push((messageCount * 1e9) / Number(process.hrtime.bigint() - start));
  }
  return median(rates);
}

function measureForm(label: string, version: WireVersion, form: string): Row[] {
  const messages = Array.from({ length: messageCount }, (_, n) => ({ ...flowMod(n), form }));
  const to = new Writer();
  const bytes = messages.map((message) => {
    to.reset();
    encodeMessage(to, version, message, 1);
    return to.written.slice();
  });
  const row = (what: string, ours: number): Row => ({ what, unit: '/s', ours, better: 'more' });
  const written = perSecond(() => {
    for (const message of messages) {
      to.reset();
      encodeMessage(to, version, message, 1);
    }
  });
  const read = perSecond(() => {
    for (const one of bytes) decodeMessage(one);
  });
  return [row(`${label} written`, written), row(`${label} read`, read)];
}

export const bench: Bench = {
  question: 'How many OpenFlow flow_mods of a TCP connection, with one output, are read and written?',
  run: async () => [
    ...measureForm('OpenFlow 1.0', 1, 'OFPT_FLOW_MOD'),
    ...measureForm("Nicira's, OpenFlow 1.0", 1, 'NXT_FLOW_MOD'),
    ...measureForm('OpenFlow 1.3', 4, 'OFPT_FLOW_MOD'),
    ...measureForm('OpenFlow 1.5', 6, 'OFPT_FLOW_MOD'),
  ],
};
