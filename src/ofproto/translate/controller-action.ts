/** What the datapath is told of packets that go to a controller. */
import type { DpAction } from '../../datapath/actions.ts';
import type { CookieOf } from '../../datapath/cookie.ts';
import type { FrozenState } from './freezing/frozen-states.ts';

/** The cookie of actions that no rule has. */
export const untoldCookie = 0xffffffffffffffffn;

type Told = Omit<CookieOf<'controller'>, 'type' | 'ruleCookie' | 'recircId'>;

/** Sends the packet up, for a controller. */
export function controllerAction(state: FrozenState, ruleCookie: bigint, told: Told): DpAction {
  return {
    do: 'userspace',
    pid: 0,
    cookie: {
      ...told,
      type: 'controller',
      recircId: state.id,
      ruleCookie: [Number(ruleCookie >> 32n), Number(ruleCookie & 0xffffffffn)],
    },
  };
}
