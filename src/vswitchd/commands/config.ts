/** Commands about configuration: what the next round would do. Ours, the reference has none. */
import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import { formatStep } from '../reconcile/plan.ts';
import type { Switch } from '../switch.ts';

export function configCommands(aSwitch: Switch): Command[] {
  return [
    defineCommand({
      name: 'config/plan',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run() {
        const steps = aSwitch.reconciler.nextSteps();
        return { text: steps.map((step) => `${formatStep(step)}\n`).join(''), json: steps.map(formatStep) };
      },
    }),
  ];
}
