/**
 * The text of actions in colours: which of its words ovs-ofctl paints, and as what (ovs-ofctl(8), "--color").
 */
import type { Paint } from '../../flow/match-format/match-item.ts';

/** Words before a colon that are more than the name of an argument. */
const specialWords: readonly string[] = ['output', 'resubmit', 'group', 'load', 'set_field', 'move'];
/** Actions that put a value into a field, "VALUE->FIELD". */
const arrowWords: readonly string[] = ['load', 'set_field', 'move'];
/** Actions that are one word; all others are values. */
const loneWords: Readonly<Record<string, Parameters<Paint>[1]>> = {
  drop: 'drop',
  exit: 'special',
  dec_nsh_ttl: 'special',
  dec_ttl: 'paren',
  nat: 'paren',
};
/** What words in the parentheses of some actions are; those of all others are not painted. */
const innerWords: Readonly<Record<string, Parameters<Paint>[1]>> = {
  ct: 'value',
  controller: 'value',
  sample: 'param',
};
/** Actions with other actions in their parentheses. */
const outerWords: readonly string[] = ['clone', 'write_actions', 'exec'];
/** Settings of a learn whose comma is painted along with them. */
const withComma: readonly string[] = ['fin_hard_timeout', 'priority'];

export function paintActions(text: string, paint: Paint): string {
  return splitList(text)
    .map((action) => paintAction(action, paint))
    .join(',');
}

/** At the commas outside of parentheses and quotes. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c === '"') at = endOfQuote(text, at);
    else if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function endOfQuote(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}

function paintAction(text: string, paint: Paint): string {
  const [, word = '', delimiter = '', rest = ''] = /^([a-z]\w*)([:(]?)(.*)$/s.exec(text) ?? [];
  if (word === '') return text; // a port
  if (delimiter === '(') return paintCall(word, rest, paint);
  if (delimiter === '') return paint(word, loneWords[word] ?? 'value');
  const value = arrowWords.includes(word) ? rest.replace('->', paint('->', 'special')) : rest;
  return paint(`${word}:`, specialWords.includes(word) ? 'special' : 'param') + value;
}

/** `rest` begins behind the parenthesis. */
function paintCall(word: string, rest: string, paint: Paint): string {
  const inner = rest.slice(0, rest.lastIndexOf(')'));
  if (word === 'output') return `${paint(word, 'special')}(${rest}`;
  if (word === 'check_pkt_larger') return paint(`${word}(`, 'param') + rest;
  if (word === 'learn') return paint('learn(', 'learn') + paintLearn(inner, paint) + paint(')', 'learn');
  const end = paint(')', 'paren');
  if (word === 'dec_ttl') return paint(word, 'paren') + paint('(', 'paren') + inner + end;
  if (word === 'nat') return paint(word, 'paren') + paint('(', 'paren') + paintNat(inner, paint) + end;
  const start = paint(`${word}(`, 'paren');
  if (outerWords.includes(word)) return start + paintActions(inner, paint) + end;
  if (word === 'ct') return start + paintCt(inner, paint) + end;
  if (word === 'encap')
    return start + inner.replace(/\((.*)\)$/s, (_, list) => paint('(', 'paren') + list + end) + end;
  const args = splitList(inner).map((arg) => paintArgument(arg, paint, innerWords[word]));
  return start + args.join(',') + end;
}

/** "name=value", "members:", or a word. */
function paintArgument(text: string, paint: Paint, word: Parameters<Paint>[1] | undefined): string {
  const [all = '', name = ''] = /^(\w+)=|^members:/.exec(text) ?? [];
  if (all !== '') return paint(all, name === 'table' ? 'special' : 'param') + text.slice(all.length);
  return word === undefined || text === '' ? text : paint(text, word);
}

/** The comma behind the actions of a connection is part of what ends them. */
function paintCt(text: string, paint: Paint): string {
  const parts = splitList(text).map((part) => {
    const [, exec] = /^exec\((.*)\)$/s.exec(part) ?? [];
    if (exec !== undefined) return paint('exec(', 'paren') + paintActions(exec, paint) + paint('),', 'paren');
    return /^nat\b/.test(part)
      ? `${paintAction(part, paint)},`
      : `${paintArgument(part, paint, innerWords.ct)},`;
  });
  return parts.join('').replace(/,$/, '');
}

function paintNat(text: string, paint: Paint): string {
  return splitList(text)
    .map((part) => {
      const [, side = '', range] = /^(src|dst)(?:=(.*))?$/s.exec(part) ?? [];
      if (side === '') return paint(part, 'value');
      return paint(side, 'param') + (range === undefined ? '' : paint('=', 'param') + range);
    })
    .join(',');
}

function paintLearn(text: string, paint: Paint): string {
  return splitList(text)
    .map((part, n) => {
      const comma = n === 0 ? '' : ',';
      const [, name = '', value = ''] = /^(.*?)=(.*)$/s.exec(part) ?? [];
      if (withComma.includes(name)) return paint(`${comma}${name}=`, partOf(name)) + value;
      return comma + paintSpec(part, name, value, paint);
    })
    .join('');
}

const partOf = (name: string): Parameters<Paint>[1] =>
  name === 'table' || name === 'priority' ? 'special' : 'param';

/** A setting, what is matched on, or an action of the flow that is learned. */
function paintSpec(text: string, name: string, value: string, paint: Paint): string {
  if (/^(load|output):/.test(text)) return paintAction(text, paint);
  if (name === '') return paint(text, text.endsWith(']') ? 'param' : 'value');
  const isCopied = name.endsWith(']') && value.endsWith(']');
  return isCopied
    ? paint(name, 'param') + paint('=', 'param') + value
    : paint(`${name}=`, partOf(name)) + value;
}
