/**
 * "After what has arrived by now": puts work behind the events that are already waiting, so that it is done once for
 * all of them. Passed in where it is used; tests pass a queue that they empty by hand.
 */
export type Defer = (action: () => void) => void;

let actions: (() => void)[] = [];
let closing: (() => void)[] = [];
let isScheduled = false;

/** At the end of this turn of the event loop; of the next one when called by such an action. */
export const defer: Defer = (action) => {
  actions.push(action);
  schedule();
};

/** The same, behind all that `defer` put off, and in the same turn when called by it: for sending what came of it. */
export const lastly: Defer = (action) => {
  closing.push(action);
  schedule();
};

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(runDue);
}

function runDue(): void {
  const due = actions;
  actions = [];
  try {
    runEach(due);
    const last = closing;
    closing = [];
    runEach(last);
  } finally {
    isScheduled = false;
    if (actions.length > 0 || closing.length > 0) schedule();
  }
}

/** What comes after one that threw stays due. */
function runEach(due: (() => void)[]): void {
  for (const [at, action] of due.entries()) {
    try {
      action();
    } catch (error) {
      actions.unshift(...due.slice(at + 1));
      throw error;
    }
  }
}
