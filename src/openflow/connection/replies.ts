/** Requests and what answers them. `connection.ts` sends the ones and waits for the others. */
import { Refused } from '../../base/errors.ts';
import { Reader } from '../bytes.ts';
import { decodeFor, type Received, readHead, type Sent } from '../codec.ts';
import type { Recipient } from '../declare.ts';
import { type ErrorName, OpenFlowError } from '../errors.ts';
import type { Message } from '../messages/index.ts';

const errorDataSize = 0xffff - 12;

export type RequestName = Extract<Message['name'], `${string}_REQUEST`>;
export type ReplyName<N extends RequestName> = N extends `${infer Name}_REQUEST` ? `${Name}_REPLY` : never;
export type Request<N extends RequestName> = Sent & { readonly name: N };
/** What answers the request of that name. */
export type ReplyTo<N extends RequestName> = Extract<Received, { readonly name: ReplyName<N> }>;

/** The peer answered with an error; `tag` is its name. */
export class ErrorReply extends Refused {
  override readonly name = 'ErrorReply';
  /** The whole message. */
  readonly bytes: Uint8Array;

  constructor(tag: string, request: string, bytes: Uint8Array) {
    super(tag, `${request} was answered by ${tag}`);
    this.bytes = bytes;
  }
}

export function read(bytes: Uint8Array, recipient?: Recipient): Received | OpenFlowError {
  try {
    return decodeFor(recipient, bytes);
  } catch (why) {
    if (why instanceof OpenFlowError) return why;
    throw why;
  }
}

/** Does another part of the same answer follow? */
export function hasMore(bytes: Uint8Array): boolean {
  try {
    const { known, flags } = readHead(new Reader(bytes));
    return known.direction === 'reply' && (flags & 1) !== 0;
  } catch (why) {
    if (why instanceof OpenFlowError) return false;
    throw why;
  }
}

/** Asks the peer something, so that it is no answer, whatever its xid: each side counts its own. */
export function isRequest(bytes: Uint8Array): boolean {
  try {
    return readHead(new Reader(bytes)).known.name.endsWith('_REQUEST');
  } catch (why) {
    if (why instanceof OpenFlowError) return false;
    throw why;
  }
}

export function isReplyTo<N extends RequestName>(reply: Received, request: N): reply is ReplyTo<N> {
  return reply.name === request.replace(/REQUEST$/, 'REPLY');
}

export function errorMessage(name: ErrorName, data: Uint8Array): Sent {
  return { name: 'ERROR', value: { name, numbers: { experimenter: 0, type: 0, code: 0 }, data } };
}

/** Refuses a message of the peer; repeats it, as far as it is no longer than a message can be. */
export function errorAbout(name: ErrorName, bytes: Uint8Array): Sent {
  return errorMessage(name, bytes.slice(0, errorDataSize));
}

export function errorReply(reply: Received, request: string, bytes: Uint8Array): Error {
  if (reply.name !== 'ERROR')
    return new OpenFlowError('OFPBRC_BAD_TYPE', `${request} was answered by ${reply.name}`);
  const { name, numbers } = reply.value;
  const tag = name ?? `error type ${numbers.type} code ${numbers.code ?? 0}`;
  return new ErrorReply(tag, request, bytes);
}
