/** Any value of any message, for tests: what a version cannot say of it is lost on the way, and nothing else. */

import fc from 'fast-check';
import { namesIn } from '../base/literals.ts';
import { messageBytes } from './codec.ts';
import { controlValues } from './message-fixture/control.ts';
import { flowValues } from './message-fixture/flows.ts';
import { groupValues } from './message-fixture/groups.ts';
import type { AnyValues } from './message-fixture/parts.ts';
import { portValues } from './message-fixture/ports.ts';
import { tableValues } from './message-fixture/tables.ts';
import type { Message } from './messages/index.ts';
import type { WireVersion } from './versions.ts';

export { matchOf } from './message-fixture/parts.ts';

const values: AnyValues<Message['name']> = {
  ...controlValues,
  ...portValues,
  ...tableValues,
  ...flowValues,
  ...groupValues,
};

export const messageNames = namesIn(values);

/** Any message. */
export const anyMessage: fc.Arbitrary<Message> = fc.constantFrom(...messageNames).chain(messageOf);

export function messageOf(of: Message['name']): fc.Arbitrary<Message> {
  // The value is that of the name.
  return (values[of] as fc.Arbitrary<Message['value']>).map((value) => ({ name: of, value }) as Message);
}

/** The message as the version has it: what carries another message carries one of the same version and transaction. */
export function inVersion(message: Message, version: WireVersion, xid: number): Message {
  if (message.name !== 'BUNDLE_ADD_MESSAGE' && message.name !== 'REQUESTFORWARD') return message;
  if (message.name === 'REQUESTFORWARD')
    return {
      ...message,
      value: { message: messageBytes({ name: 'GROUP_MOD', value: carried }, version, xid) },
    };
  const portMod = { port: 5, mac: Uint8Array.of(2, 0, 0, 0, 0, 1), mask: 1, config: 1, advertise: 0 };
  const inner = messageBytes({ name: 'PORT_MOD', value: portMod }, version, xid);
  return { ...message, value: { ...message.value, message: inner } };
}

const carried = {
  command: 'delete',
  group: 5,
  type: 'all',
  selection: undefined,
  buckets: [],
  commandBucket: 0xffffffff,
} as const;
