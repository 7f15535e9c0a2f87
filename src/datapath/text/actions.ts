/** Datapath actions as text, as `dpctl/dump-flows` prints them (ovs-dpctl(8)). */
import { newKey } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import type { DpAction, DpActionName } from '../actions.ts';
import { formatOneGroup, type KeyTextOptions } from './key.ts';

type Formats = {
  readonly [N in DpActionName]: (action: Extract<DpAction, { do: N }>, options: KeyTextOptions) => string;
};

const formats: Formats = {
  output: ({ port }, options) => options.portName?.(port) ?? String(port),
  userspace: ({ reason }) => `userspace(pid=0,${reason})`,
  push_vlan({ tpid, tci }) {
    const type = tpid === etherType.vlan ? '' : `tpid=0x${tpid.toString(16).padStart(4, '0')},`;
    const cfi = (tci & vlanPresent) === 0 ? ',cfi=0' : '';
    return `push_vlan(${type}vid=${tci & 0xfff},pcp=${tci >>> 13}${cfi})`;
  },
  pop_vlan: () => 'pop_vlan',
  set({ header, fields }) {
    const key = newKey();
    const mask = newKey();
    for (const { slot, value, mask: bits } of fields) {
      const { word } = slots[slot];
      for (let n = 0; n < bits.length; n++) {
        key[word + n] = (key[word + n] ?? 0) | (value[n] ?? 0);
        mask[word + n] = (mask[word + n] ?? 0) | (bits[n] ?? 0);
      }
    }
    return `set(${formatOneGroup(header, key, mask)})`;
  },
  trunc: ({ maxSize }) => `trunc(${maxSize})`,
};

/** An empty list is "drop". */
export function formatActions(actions: readonly DpAction[], options: KeyTextOptions = {}): string {
  return actions.map((action) => formatAction(action, options)).join(',') || 'drop';
}

function formatAction<N extends DpActionName>(
  action: Extract<DpAction, { do: N }>,
  options: KeyTextOptions,
): string {
  const name: N = action.do;
  return formats[name](action, options);
}
