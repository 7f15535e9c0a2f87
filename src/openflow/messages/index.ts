/** All messages. A new one is a declaration in a file of this folder, and a line here. */
import {
  barrierReply,
  barrierRequest,
  featuresRequest,
  getConfigReply,
  getConfigRequest,
  setConfig,
} from './configuration.ts';
import { echoReply, echoRequest, error, hello } from './symmetric.ts';

export const messages = [
  hello,
  error,
  echoRequest,
  echoReply,
  featuresRequest,
  getConfigRequest,
  getConfigReply,
  setConfig,
  barrierRequest,
  barrierReply,
] as const;

type Declaration = (typeof messages)[number];

/** A message by its name, with the value that its declaration gives it. */
export type Message = {
  readonly [D in Declaration as D['name']]: {
    readonly name: D['name'];
    readonly value: ReturnType<D['forms'][number]['decode']>;
  };
}[Declaration['name']];
