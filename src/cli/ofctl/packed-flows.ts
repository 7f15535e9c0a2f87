/** Changes of flows by the million: what many have in common is kept once, the rest as words of one array. */
import type { Action } from '../../openflow/actions/index.ts';
import type { FlowMod } from '../../openflow/messages/flow-mod.ts';

/** Words of a change: its kind, priority, the two halves of the new cookie, then the values of the match. */
const headSize = 4;
/** A change is compared with so many kinds of the same actions. */
const mostCompared = 16;

export class PackedFlows implements Iterable<FlowMod> {
  /** A change of each kind. */
  readonly #kinds: FlowMod[] = [];
  /** Where the kinds with such actions are in `#kinds`, the latest first. */
  readonly #byActions = new Map<readonly Action[], number[]>();
  /** Where each change begins in `#words`. */
  readonly #starts: number[] = [];
  #words = new Int32Array(1024);
  #size = 0;

  get length(): number {
    return this.#starts.length;
  }

  push(mod: FlowMod): void {
    const { priority, match, newCookie = 0n } = mod;
    const start = this.#size;
    const end = start + headSize + match.values.length;
    while (end > this.#words.length) this.#grow();
    const words = this.#words;
    words[start] = this.#kindOf(mod);
    words[start + 1] = priority;
    if (newCookie !== 0n) {
      words[start + 2] = Number(BigInt.asIntN(32, newCookie >> 32n));
      words[start + 3] = Number(BigInt.asIntN(32, newCookie));
    }
    words.set(match.values, start + headSize);
    this.#starts.push(start);
    this.#size = end;
  }

  at(index: number): FlowMod | undefined {
    const start = this.#starts[index];
    const words = this.#words;
    const kind = start === undefined ? undefined : this.#kinds[words[start] ?? 0];
    if (start === undefined || kind === undefined) return undefined;
    const values = kind.match.values.slice();
    for (let n = 0; n < values.length; n++) values[n] = words[start + headSize + n] ?? 0;
    return {
      command: kind.command,
      table: kind.table,
      match: { ...kind.match, values },
      priority: words[start + 1] ?? 0,
      newCookie: kind.newCookie === undefined ? undefined : cookieOf(words[start + 2], words[start + 3]),
      cookie: kind.cookie,
      cookieMask: kind.cookieMask,
      idleTimeout: kind.idleTimeout,
      hardTimeout: kind.hardTimeout,
      importance: kind.importance,
      bufferId: kind.bufferId,
      outPort: kind.outPort,
      outGroup: kind.outGroup,
      flags: kind.flags,
      actions: kind.actions,
    };
  }

  *[Symbol.iterator](): IterableIterator<FlowMod> {
    for (let n = 0; n < this.length; n++) {
      const mod = this.at(n);
      if (mod !== undefined) yield mod;
    }
  }

  #kindOf(mod: FlowMod): number {
    let known = this.#byActions.get(mod.actions);
    if (known === undefined) {
      known = [];
      this.#byActions.set(mod.actions, known);
    }
    for (let n = 0; n < known.length && n < mostCompared; n++) {
      const kind = known[n] ?? 0;
      const one = this.#kinds[kind];
      if (one !== undefined && isSameKind(one, mod)) return kind;
    }
    known.unshift(this.#kinds.length);
    return this.#kinds.push(mod) - 1;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#words.length);
    larger.set(this.#words);
    this.#words = larger;
  }
}

function cookieOf(high = 0, low = 0): bigint {
  if (high === 0 && low === 0) return 0n;
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Are they the same but for what is kept of each? */
function isSameKind(a: FlowMod, b: FlowMod): boolean {
  return (
    a.match.mask === b.match.mask &&
    a.match.options === undefined &&
    b.match.options === undefined &&
    a.command === b.command &&
    a.table === b.table &&
    (a.newCookie === undefined) === (b.newCookie === undefined) &&
    a.cookie === b.cookie &&
    a.cookieMask === b.cookieMask &&
    a.idleTimeout === b.idleTimeout &&
    a.hardTimeout === b.hardTimeout &&
    a.importance === b.importance &&
    a.bufferId === b.bufferId &&
    a.outPort === b.outPort &&
    a.outGroup === b.outGroup &&
    a.flags === b.flags
  );
}
