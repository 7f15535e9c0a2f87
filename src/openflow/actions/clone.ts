/** Actions on a copy of the packet: Nicira's clone; ovs-actions(7). */
import { type AnyAction, defineAction } from './declare.ts';

export interface CloneArguments {
  readonly actions: readonly AnyAction[];
}

export const clone = defineAction('clone', {
  forms: [
    {
      wire: 'NX 1.0+ 42 NXAST_CLONE',
      size: () => [6, 8],
      decode(body, _version, decodeInner): CloneArguments {
        body.skip(6);
        return { actions: decodeInner(body) };
      },
      encode({ actions }, to, _version, encodeInner) {
        to.room(6);
        encodeInner(actions);
      },
    },
  ],
  words: ['clone'],
  read: (text, _context, _word, readInner): CloneArguments => ({ actions: readInner(text, 'clone') }),
  format: ({ actions }, _context, formatInner) => `clone(${formatInner(actions)})`,
  inner: ({ actions }) => actions,
  check: ({ actions }, _packet, _limits, checkInner) => checkInner(actions),
});
