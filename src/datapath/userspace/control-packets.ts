/**
 * Packets of control connections, as the application level gateways of FTP and TFTP take them: what they announce is
 * expected, and where their connection is translated, so is what they say. Runs for connections that have one alone.
 */
import { Malformed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { udp } from '../../wire/transport.ts';
import type { TrackedConnection } from '../conntrack/connection.ts';
import { expectOffer, isOwnAddress, outerAddressOf } from '../conntrack/gateways/announce.ts';
import { type Announcement, ftpTextLimit, readFtpAnnouncements } from '../conntrack/gateways/ftp.ts';
import type { Gateway } from '../conntrack/gateways/gateway.ts';
import { isTftpRequest } from '../conntrack/gateways/tftp.ts';
import type { TrackedPacket } from '../conntrack/tracked-packet.ts';
import { destinationPortOf, sourcePortOf } from '../conntrack/tuple.ts';
import type { CurrentPacket } from './current-packet.ts';
import { type Replacement, rewriteSegment } from './segment-edits.ts';

const log = logger('conntrack');
const refused = new LimitedSite({ perMinute: 60, burst: 5 });

/** One at hand. */
export interface ControlPacket {
  readonly tracked: TrackedPacket;
  readonly connection: TrackedConnection;
  readonly gateway: Gateway;
  readonly isReply: boolean;
  /** It will be rewritten. */
  readonly isTranslated: boolean;
}

export class ControlPackets {
  readonly #packet: CurrentPacket;
  /** What the packet is to say instead. */
  #replacements: readonly Replacement[] = [];

  constructor(packet: CurrentPacket) {
    this.#packet = packet;
  }

  /** Nothing is to be replaced in the packet at hand. */
  forget(): void {
    this.#replacements = [];
  }

  /**
   * Expects what the packet announces. False where an end announces what it must not: a connection to somebody else (RFC
   * 2577, section 3), or one in no form that is known.
   */
  read(control: ControlPacket): boolean {
    if (control.gateway.kind === 'tftp') {
      this.#readTftp(control);
      return true;
    }
    const announcements = this.#announcements(control);
    const isWrong = (announcement: Announcement): boolean => !isAllowed(control, announcement);
    // What a segment begins with is judged; what follows may be part of something else.
    if (announcements === undefined || announcements.some((first) => first.isFirst && isWrong(first))) {
      log.limited(
        'warn',
        refused,
        'FTP: a control packet announces a connection that is not to its sender, or has another form: it is invalid',
      );
      return false;
    }
    this.#replacements = announcements.flatMap((announcement) =>
      isWrong(announcement) ? [] : expectAnnounced(control, announcement),
    );
    return true;
  }

  /** The packet was translated; the headers are where `tracked` says. */
  rewrite(tracked: TrackedPacket, gateway: Gateway, isReply: boolean): void {
    const replacements = this.#replacements;
    if (replacements.length === 0 && !gateway.isShifted) return;
    rewriteSegment(this.#packet, tracked, gateway, isReply, replacements);
  }

  /** Undefined where it is malformed. */
  #announcements({ tracked, isReply }: ControlPacket): readonly Announcement[] | undefined {
    const { place, payloadSize } = tracked;
    const from = place.end - payloadSize;
    const bytes = this.#packet.frame.bytes.subarray(from, Math.min(place.end, from + ftpTextLimit));
    try {
      return readFtpAnnouncements(String.fromCharCode(...bytes), isReply, place.version);
    } catch (error) {
      if (error instanceof Malformed) return undefined;
      throw error;
    }
  }

  #readTftp({ tracked, connection, gateway, isReply }: ControlPacket): void {
    const { transport, end } = tracked.place;
    const { view } = this.#packet.frame;
    if (!isTftpRequest(view, transport + udp.size, end)) return;
    const { original, reply } = connection;
    const [sent, answered] = isReply ? [reply, original] : [original, reply];
    const [port, outerPort] = [sourcePortOf(sent), destinationPortOf(answered)];
    expectOffer({ connection, gateway, isReply, port, outerPort, mayChoose: false });
  }
}

function isAllowed({ connection, isReply }: ControlPacket, { address }: Announcement): boolean {
  return address === undefined || isOwnAddress(address, connection, isReply);
}

function expectAnnounced(control: ControlPacket, announcement: Announcement): readonly Replacement[] {
  const { connection, gateway, isReply, isTranslated } = control;
  const { address, port, from, to } = announcement;
  const mayChoose = isTranslated && (isReply ? connection.natDestination : connection.natSource);
  const told = expectOffer({ connection, gateway, isReply, port, outerPort: port, mayChoose }) ?? port;
  if (!isTranslated) return [];
  const outer = outerAddressOf(connection, isReply);
  const isSameAddress = address === undefined || outer.every((byte, n) => byte === address[n]);
  if (isSameAddress && told === port) return [];
  return [{ from, to, text: Uint8Array.from(announcement.write(outer, told), (char) => char.charCodeAt(0)) }];
}
