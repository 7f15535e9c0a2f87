/** Colours of a terminal for the parts of flows: ovs-ofctl(8), "--color" and OVS_COLORS. */
import type { Paint } from '../../flow/match-format/match-item.ts';

/** What OVS_COLORS calls each part, and the SGR parameters that it has by default. */
const defaults: Readonly<Record<string, readonly [part: Parameters<Paint>[1], sgr: string]>> = {
  ac: ['actions', '1;31'],
  dr: ['drop', '34'],
  le: ['learn', '31'],
  pm: ['param', '36'],
  pr: ['paren', '35'],
  sp: ['special', '33'],
  vl: ['value', '32'],
};

/** `settings` are those of OVS_COLORS, "ac=01;31:dr=34"; what is none is passed over. */
export function painter(settings = ''): Paint {
  const sgr = new Map(Object.values(defaults));
  for (const setting of settings.split(':')) {
    const [, name = '', parameters = ''] = /^([a-z]+)=([0-9;]*)$/.exec(setting) ?? [];
    const known = Object.hasOwn(defaults, name) ? defaults[name] : undefined;
    if (known !== undefined) sgr.set(known[0], parameters);
  }
  const sequence = (parameters: string): string => `\x1b[${parameters}m\x1b[K`;
  return (text, part) => sequence(sgr.get(part) ?? '') + text + sequence('');
}
