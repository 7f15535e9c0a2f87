/** One handler for each action: a new one without does not compile. */
import { choiceHandlers } from './choice-handlers.ts';
import { conntrackHandlers } from './conntrack-handlers.ts';
import { encapHandlers } from './encap-handlers.ts';
import { fieldHandlers } from './field-handlers.ts';
import { groupHandlers } from './group-handlers.ts';
import type { Handlers } from './handler.ts';
import { headerHandlers } from './header-handlers.ts';
import { learnHandlers } from './learn-handlers.ts';
import { outputHandlers } from './output-handlers.ts';
import { pipelineHandlers } from './pipeline-handlers.ts';

export const handlers: Required<Handlers> = {
  ...outputHandlers,
  ...headerHandlers,
  ...fieldHandlers,
  ...pipelineHandlers,
  ...learnHandlers,
  ...groupHandlers,
  ...choiceHandlers,
  ...encapHandlers,
  ...conntrackHandlers,
};
