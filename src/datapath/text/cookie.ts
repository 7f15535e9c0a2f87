/** `userspace` actions as text: whom a packet goes up to and why. */
import { namesIn } from '../../base/literals.ts';
import { dpPort } from '../../base/units.ts';
import { type FlagNames, readFlags } from '../../flow/fields/flags.ts';
import type { DpActionOf } from '../actions.ts';
import { type CookieOf, type CookieType, slowPathReasons, type UserspaceCookie } from '../cookie.ts';
import { hexDigits, hexNumber, type TextCursor } from './cursor.ts';
import type { MemberOptions } from './member.ts';

/** Bytes of the reference's own user data, which are zero where nobody gives any. */
const ownSize = 48;
/** Shorter user data are filled up to this. */
const minSize = 8;

const reasonNames: FlagNames = { what: 'slow_path', names: slowPathReasons };

export function formatUserspace(action: DpActionOf<'userspace'>, { portName }: MemberOptions): string {
  const { pid, cookie, includesActions, tunnelOutPort } = action;
  const nameOf = (port: number): string => portName?.(port) ?? String(port);
  const actions = includesActions === true ? ',actions' : '';
  const out = tunnelOutPort === undefined ? '' : `,tunnel_out_port=${nameOf(tunnelOutPort)}`;
  return `userspace(pid=${pid},${formatCookie(cookie, nameOf)}${actions}${out})`;
}

function formatCookie(cookie: UserspaceCookie, nameOf: (port: number) => string): string {
  switch (cookie.type) {
    case 'sFlow': {
      const { vlanTci: tci, output } = cookie;
      return `sFlow(vid=${tci & 0xfff},pcp=${tci >>> 13},output=${output})`;
    }
    case 'slow_path':
      return `slow_path(${cookie.reasons.join(',') || '0'})`;
    case 'flow_sample': {
      const { probability, collectorSetId, observationDomainId, observationPointId, direction } = cookie;
      const ids = `collector_set_id=${collectorSetId},obs_domain_id=${observationDomainId},obs_point_id=${observationPointId}`;
      const way = direction === undefined ? '' : `,${direction}`;
      return `flow_sample(probability=${probability},${ids},output_port=${nameOf(cookie.outputPort)}${way})`;
    }
    case 'ipfix':
      return `ipfix(output_port=${nameOf(cookie.outputPort)})`;
    case 'controller': {
      const { reason, isHeldBack, isContinuation, recircId, ruleCookie, controllerId, maxSize } = cookie;
      const flags = `dont_send=${isHeldBack ? 1 : 0},continuation=${isContinuation ? 1 : 0}`;
      const [high, low] = ruleCookie;
      const rule = hexNumber(
        [high, low].flatMap((word) => [word >>> 24, word >>> 16, word >>> 8, word].map(lowByte)),
      );
      return `controller(reason=${reason},${flags},recirc_id=${recircId},rule_cookie=${rule},controller_id=${controllerId},max_len=${maxSize})`;
    }
    case 'userdata':
      return `userdata(${hexDigits(cookie.bytes)})`;
  }
}

function lowByte(value: number): number {
  return value & 0xff;
}

type CookieReaders = { readonly [T in CookieType]: (cursor: TextCursor) => CookieOf<T> };

/** Each reads from behind the opening parenthesis up to the closing one. */
const cookieReaders: CookieReaders = {
  sFlow(cursor) {
    cursor.expect('vid=');
    const vid = cursor.number(12);
    cursor.expect(',pcp=');
    const pcp = cursor.number(3);
    cursor.expect(',output=');
    const output = cursor.number(32);
    const tci = (pcp << 13) | vid;
    return { type: 'sFlow', vlanTci: tci === 0 ? 0 : tci | 0x1000, output };
  },
  slow_path(cursor) {
    const text = cursor.match(/[^)]*/y) ?? '';
    if (/[+/-]/.test(text)) throw cursor.wrong(`"${text}" is no list of ${slowPathReasons.join(', ')}`);
    const { value } = readFlags(text.replaceAll(',', '|'), reasonNames, 0);
    return { type: 'slow_path', reasons: slowPathReasons.filter((_, bit) => (value & (1 << bit)) !== 0) };
  },
  flow_sample(cursor) {
    cursor.expect('probability=');
    const probability = cursor.number(16);
    cursor.expect(',collector_set_id=');
    const collectorSetId = cursor.number(32);
    cursor.expect(',obs_domain_id=');
    const observationDomainId = cursor.number(32);
    cursor.expect(',obs_point_id=');
    const observationPointId = cursor.number(32);
    cursor.expect(',output_port=');
    const outputPort = dpPort(cursor.number(32));
    const way = (['ingress', 'egress'] as const).find((name) => cursor.take(`,${name}`));
    const ids = { probability, collectorSetId, observationDomainId, observationPointId, outputPort };
    return { type: 'flow_sample', ...ids, ...(way === undefined ? {} : { direction: way }) };
  },
  ipfix(cursor) {
    cursor.expect('output_port=');
    return { type: 'ipfix', outputPort: dpPort(cursor.number(32)) };
  },
  controller(cursor) {
    cursor.expect('reason=');
    const reason = cursor.number(16, 'decimal');
    cursor.expect(',dont_send=');
    const isHeldBack = cursor.number(8, 'decimal') !== 0;
    cursor.expect(',continuation=');
    const isContinuation = cursor.number(8, 'decimal') !== 0;
    cursor.expect(',recirc_id=');
    const recircId = cursor.number(32, 'decimal');
    cursor.expect(',rule_cookie=');
    const rule = new DataView(Uint8Array.from(cursor.bytes(8, true)).buffer);
    cursor.expect(',controller_id=');
    const controllerId = cursor.number(16, 'decimal');
    cursor.expect(',max_len=');
    const maxSize = cursor.number(16, 'decimal');
    const ruleCookie = [rule.getUint32(0), rule.getUint32(4)] as const;
    return {
      type: 'controller',
      reason,
      isHeldBack,
      isContinuation,
      recircId,
      ruleCookie,
      controllerId,
      maxSize,
    };
  },
  userdata(cursor) {
    const bytes: number[] = [];
    for (;;) {
      cursor.match(/[ \t-\r]*/y);
      const two = cursor.match(/[0-9a-f]{2}/iy);
      if (two === undefined) break;
      bytes.push(Number.parseInt(two, 16));
    }
    while (bytes.length < minSize) bytes.push(0);
    return { type: 'userdata', bytes };
  },
};

/** (pid=NUMBER[,COOKIE][,actions][,tunnel_out_port=NUMBER]) */
export function readUserspace(cursor: TextCursor): DpActionOf<'userspace'> {
  cursor.expect('(pid=');
  const pid = cursor.number(32);
  const cookie = readCookie(cursor);
  const includesActions = cursor.take(',actions');
  const tunnelOutPort = cursor.take(',tunnel_out_port=') ? dpPort(cursor.number(32)) : undefined;
  cursor.expect(')');
  return {
    do: 'userspace',
    pid,
    cookie,
    ...(includesActions ? { includesActions } : {}),
    ...(tunnelOutPort === undefined ? {} : { tunnelOutPort }),
  };
}

function readCookie(cursor: TextCursor): UserspaceCookie {
  const type = namesIn(cookieReaders).find((name) => cursor.take(`,${name}(`));
  if (type === undefined) return { type: 'userdata', bytes: new Array<number>(ownSize).fill(0) };
  const cookie = cookieReaders[type](cursor);
  cursor.expect(')');
  return cookie;
}
