import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { FlowExpiry } from './expiry.ts';
import { plainRule, Rule } from './rule.ts';

function world() {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  const ended: string[] = [];
  const counting = { isHeld: false, acts: [] as (() => void)[] };
  const expiry = new FlowExpiry({
    timers,
    whenCounted: (act) => (counting.isHeld ? counting.acts.push(act) : act()),
    mayExpire: () => true,
    expire(rule, reason) {
      ended.push(`${rule.cookie} ${reason} ${clock.now()}`);
      expiry.forget(rule);
    },
  });
  const advance = (time: number): void => {
    for (let passed = 0; passed < time; passed += 100) {
      clock.advance(ms(100));
      timers.run();
    }
  };
  const rule = (cookie: bigint, timeouts: Partial<Rule>): Rule => {
    const made = new Rule(0, 1, { ...plainRule, actions: [], cookie, ...timeouts }, clock.now());
    expiry.watch(made);
    return made;
  };
  return { timers, expiry, ended, counting, advance, rule };
}

describe('a flow', () => {
  it('ends so long after it was made as its hard timeout says', () => {
    const { ended, advance, rule } = world();
    rule(1n, { hardTimeout: 2 });
    rule(2n, { hardTimeout: 1, idleTimeout: 5 });
    advance(10_000);
    expect(ended).toEqual(['2 hard 1100', '1 hard 2100']);
  });

  it('ends so long after its last packet as its idle timeout says', () => {
    const { ended, advance, rule } = world();
    const used = rule(1n, { idleTimeout: 2 });
    advance(1500);
    used.credit(1, 60, 1500);
    advance(10_000);
    expect(ended).toEqual(['1 idle 3600']);
  });

  it('stays when a packet of it was forwarded that is yet to be counted', () => {
    const { expiry, ended, counting, advance, rule } = world();
    const used = rule(1n, { idleTimeout: 2 });
    counting.isHeld = true;
    advance(2500);
    expect(ended).toEqual([]);
    used.credit(1, 60, 1900);
    counting.isHeld = false;
    for (const act of counting.acts) act();
    advance(10_000);
    expect(ended).toEqual(['1 idle 4000']);
    rule(2n, { idleTimeout: 2 });
    counting.isHeld = true;
    advance(2500);
    expiry.stop();
    counting.acts.at(-1)?.();
    expect(ended.length).toBe(1);
  });

  it('follows timeouts that change, and none that is forgotten ends', () => {
    const { expiry, ended, advance, rule } = world();
    const shortened = rule(1n, { hardTimeout: 60 });
    const forgotten = rule(2n, { hardTimeout: 1 });
    shortened.hardTimeout = 3;
    expiry.watch(shortened);
    expiry.forget(forgotten);
    advance(5000);
    expect(ended).toEqual(['1 hard 3100']);
  });

  it('without timeouts costs no timer', () => {
    const { timers, rule } = world();
    rule(1n, {});
    expect(timers.nextDue).toBe(ms(Number.POSITIVE_INFINITY));
  });
});
