/** One copy of each action list: thousands of flows do the same few things. */
import type { DpAction } from '../../datapath/actions.ts';

const capacity = 4096;

export class ActionLists {
  readonly #lists = new Map<string, readonly DpAction[]>();

  /** The list that equals `actions`: the same object for equal lists, as long as it was not pushed out meanwhile. */
  intern(actions: readonly DpAction[]): readonly DpAction[] {
    const name = nameOf(actions);
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    if (this.#lists.size >= capacity) this.#lists.clear();
    this.#lists.set(name, actions);
    return actions;
  }

  get size(): number {
    return this.#lists.size;
  }
}

export function isSameActions(a: readonly DpAction[], b: readonly DpAction[]): boolean {
  return a === b || (a.length === b.length && nameOf(a) === nameOf(b));
}

/** Short for the common actions, unmistakable for all. */
function nameOf(actions: readonly DpAction[]): string {
  let name = '';
  for (const action of actions) {
    name += action.do === 'output' ? `${action.port};` : `${JSON.stringify(action)};`;
  }
  return name;
}
