/** What flows do, good and bad, as tests give it to the real ovs-ofctl and to us. */
import { readFileSync } from 'node:fs';
import { keyValues } from '../../src/flow/key-values.ts';
import { type Match, packMatch } from '../../src/flow/match.ts';
import { MatchBuilder } from '../../src/flow/match-text.ts';
import { portText } from './match-lines.ts';

export interface ActionLine {
  /** As ovs-ofctl takes it. */
  readonly flow: string;
  readonly actions: string;
  readonly match: Match;
  /** 255 for none. */
  readonly table: number;
}

function linesOf(file: string): ActionLine[] {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, match = '', actions = ''] = /^([^;]*);(.*)$/.exec(line) ?? [];
      return { flow: `${match === '' ? '' : `${match},`}actions=${actions}`, actions, ...readMatch(match) };
    });
}

function readMatch(text: string): { match: Match; table: number } {
  const builder = new MatchBuilder();
  let table = 0xff;
  for (const { name, value } of keyValues(text)) {
    if (name === 'table') table = Number(value);
    else builder.take(name, value, portText);
  }
  return { match: packMatch(builder.key, builder.mask), table };
}

export const goodActionLines = linesOf('action-lines.txt');
export const badActionLines = linesOf('bad-action-lines.txt');
