/** Which controller is in charge: OpenFlow 1.2 section A.3.9, 1.4.1 section 7.4.4; NXT_ROLE_REQUEST. */
import { defineMessage, type MessageForm, type WirePlace } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { pad, struct, u8, u32, u64 } from '../layout.ts';

const roles = ['nochange', 'equal', 'primary', 'secondary'] as const;
export type Role = (typeof roles)[number];

function roleOf(number: number): Role {
  const role = roles[number];
  if (role === undefined) throw new OpenFlowError('OFPRRFC_BAD_ROLE', `role ${number}`);
  return role;
}

export interface RoleMessage {
  readonly role: Role;
  /** Of the election; undefined where it is not told. */
  readonly generation: bigint | undefined;
}

const layout = struct({ role: u32, pad: pad(4), generation: u64 });
const noGeneration = 0xffffffffffffffffn;

function form(wire: WirePlace, isRequest: boolean): MessageForm<RoleMessage> {
  return {
    wire,
    size: [layout.size, 0],
    decode(body) {
      const { role: number, generation } = layout.read(body);
      const role = roleOf(number);
      const isTold = isRequest ? role !== 'nochange' : generation !== noGeneration;
      return { role, generation: isTold ? generation : undefined };
    },
    encode({ role, generation }, to) {
      const isTold = generation !== undefined && !(isRequest && role === 'nochange');
      const none = isRequest ? 0n : noGeneration;
      layout.write(to, { role: roles.indexOf(role), generation: isTold ? generation : none });
    },
  };
}

/** Numbers are one lower, since one cannot ask without changing. */
function formNx(wire: WirePlace): MessageForm<RoleMessage> {
  return {
    wire,
    size: [4, 0],
    decode: (body) => ({ role: roleOf(body.u32() + 1), generation: undefined }),
    encode: ({ role }, to) => to.u32(Math.max(0, roles.indexOf(role) - 1)),
  };
}

function formatRole({ role, generation }: RoleMessage): string {
  return ` role=${role}${generation === undefined ? '' : formatGeneration(generation)}`;
}

function formatGeneration(generation: bigint): string {
  return generation === noGeneration ? '' : ` generation_id=${generation}`;
}

export const roleRequest = defineMessage(
  'ROLE_REQUEST',
  [form('OFPT 1.2+ 24', true), formNx('NXT 1.0+ 10')],
  formatRole,
);
export const roleReply = defineMessage(
  'ROLE_REPLY',
  [form('OFPT 1.2+ 25', false), formNx('NXT 1.0+ 11')],
  formatRole,
);

const statusLayout = struct({ role: u32, reason: u8, pad: pad(3), generation: u64 });
const reasonTexts = ['primary_request', 'configuration_changed', 'experimenter_data_changed'];

export interface RoleStatus {
  readonly role: Role;
  /** 0 another controller asked to be primary, 1 the configuration changed, 2 an experimenter's data did. */
  readonly reason: number;
  readonly generation: bigint;
}

function statusForm(wire: WirePlace): MessageForm<RoleStatus> {
  return {
    wire,
    size: [statusLayout.size, 8],
    decode(body) {
      const { role, ...rest } = statusLayout.read(body);
      return { role: roleOf(role), ...rest };
    },
    encode: (value, to) => statusLayout.write(to, { ...value, role: roles.indexOf(value.role) }),
  };
}

export const roleStatus = defineMessage(
  'ROLE_STATUS',
  [statusForm('ONFT 1.3 1911'), statusForm('OFPT 1.4+ 30')],
  ({ role, reason, generation }) =>
    ` role=${role}${formatGeneration(generation)} reason=${reasonTexts[reason] ?? '(unknown)'}`,
);
