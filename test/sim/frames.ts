/** Frames with tags, and their tags as short text, for simulations. */

/** Outermost first. */
export interface Tag {
  readonly tpid: number;
  readonly vid: number;
  readonly pcp: number;
}

export interface FrameOptions {
  /** "02:..." without colons. */
  readonly dst?: string;
  readonly src?: string;
  readonly tags?: readonly Tag[];
  /** EtherType and payload. */
  readonly payload?: string;
}

export const hostA = '505400000001';
export const hostB = '505400000002';
export const broadcast = 'ffffffffffff';

export function frameWith({
  dst = hostB,
  src = hostA,
  tags = [],
  payload = '1234',
}: FrameOptions = {}): Uint8Array {
  const tagText = tags
    .map(
      ({ tpid, vid, pcp }) =>
        tpid.toString(16).padStart(4, '0') + ((pcp << 13) | vid).toString(16).padStart(4, '0'),
    )
    .join('');
  return new Uint8Array(Buffer.from((dst + src + tagText + payload).padEnd(120, '0'), 'hex'));
}

/** A request that `who` makes for its own address: what a station sends to announce itself. */
export function gratuitousArp(who: string): Uint8Array {
  return frameWith({
    dst: broadcast,
    src: who,
    payload: `0806000108000604 0001${who}0a000001${broadcast}0a000001`.replaceAll(' ', ''),
  });
}

/** "10p3+7p0", an S in front of a service tag; "-" is none. */
export function readTags(text: string): Tag[] {
  if (text === '-') return [];
  return text.split('+').map((tag) => {
    const [, service, vid, pcp] = /^(S?)(\d+)p(\d)$/.exec(tag) ?? [];
    return { tpid: service === 'S' ? 0x88a8 : 0x8100, vid: Number(vid), pcp: Number(pcp) };
  });
}

/** The tags of a frame in hex, as `readTags` reads them. */
export function formatTags(frame: string): string {
  const tags: string[] = [];
  for (let at = 24; ; at += 8) {
    const tpid = frame.slice(at, at + 4);
    if (tpid !== '8100' && tpid !== '88a8') break;
    const tci = Number.parseInt(frame.slice(at + 4, at + 8), 16);
    tags.push(`${tpid === '88a8' ? 'S' : ''}${tci & 0xfff}p${tci >> 13}`);
  }
  return tags.join('+') || '-';
}
