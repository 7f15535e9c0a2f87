/**
 * The hellos that begin a conversation, and what they come to: OpenFlow 1.3.5 section 6.3.1. Messages are those of the
 * reference.
 */
import { LimitedSite, logger } from '../../base/log.ts';
import { encodeText } from '../../base/text.ts';
import type { Sent } from '../codec.ts';
import { OpenFlowError } from '../errors.ts';
import { formatMessage } from '../text/messages.ts';
import { knownVersion, type WireVersion } from '../versions.ts';
import { commonVersion, formatVersion, formatVersions, helloFor, offeredVersions } from './negotiation.ts';
import { errorMessage, read } from './replies.ts';

const log = logger('vconn');
const errorLog = logger('ofp_errors');
/** Of all that a peer says wrongly. */
export const badMessage = new LimitedSite({ perMinute: 600, burst: 600 });

interface VersionedMessage {
  readonly version: WireVersion;
  readonly message: Sent;
}

/** Why there is no conversation, and what the peer is told of that, if anything. */
interface Disagreement {
  readonly why: string;
  readonly answer?: VersionedMessage;
}

export class Handshake {
  readonly #name: string;
  readonly #versions: readonly WireVersion[];
  readonly #onOffer: ((versions: readonly number[]) => void) | undefined;

  /** `name`: of the peer, for the log. `onOffer` is told the versions that the peer offers. */
  constructor(
    name: string,
    versions: readonly WireVersion[],
    onOffer: ((versions: readonly number[]) => void) | undefined,
  ) {
    this.#name = name;
    this.#versions = versions;
    this.#onOffer = onOffer;
  }

  /** Ours. */
  get hello(): VersionedMessage {
    const { version, hello } = helloFor(this.#versions);
    return { version, message: hello };
  }

  /** Takes the peer's first message, which is to be its hello; the version of all messages from here on. */
  take(bytes: Uint8Array): WireVersion | Disagreement {
    const hello = read(bytes);
    if (hello instanceof OpenFlowError || hello.name !== 'HELLO') {
      const text = formatMessage(bytes, 1).trimEnd();
      log.limited('warn', badMessage, `${this.#name}: received message while expecting hello: ${text}`);
      return { why: 'a message before the hello' };
    }
    const theirs = offeredVersions(bytes[0] ?? 0, hello.value.versions);
    this.#onOffer?.(theirs);
    const common = commonVersion(this.#versions, theirs);
    if (common === undefined) return this.#refuse(theirs);
    const [we, they] = [formatVersions(this.#versions), formatVersions(theirs)];
    const supported = `(we support ${we}, peer supports ${they})`;
    log.dbg(`${this.#name}: negotiated OpenFlow version ${formatVersion(common)} ${supported}`);
    return common;
  }

  #refuse(theirs: readonly number[]): Disagreement {
    const [we, they] = [formatVersions(this.#versions), formatVersions(theirs)];
    const why = `version negotiation failed (we support ${we}, peer supports ${they})`;
    log.limited('warn', badMessage, `${this.#name}: ${why}`);
    const text = `We support ${we}, you support ${they}, no common versions.`;
    const last = Math.max(1, ...theirs);
    if (last > knownVersion(last))
      errorLog.limited(
        'err',
        badMessage,
        `cannot encode error for unknown OpenFlow version ${formatVersion(last)}`,
      );
    const message = errorMessage('OFPHFC_INCOMPATIBLE', encodeText(text));
    return { why, answer: { version: knownVersion(last), message } };
  }
}
