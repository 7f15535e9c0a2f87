/** One handler for each action: a new one without does not compile. */
import { choiceHandlers } from './handlers/choice-handlers.ts';
import { conntrackHandlers } from './handlers/conntrack-handlers.ts';
import { encapHandlers } from './handlers/encap-handlers.ts';
import { fieldHandlers } from './handlers/field-handlers.ts';
import { groupHandlers } from './handlers/group-handlers.ts';
import type { Handlers } from './handlers/handler.ts';
import { headerHandlers } from './handlers/header-handlers.ts';
import { learnHandlers } from './handlers/learn-handlers.ts';
import { outputHandlers } from './handlers/output-handlers.ts';
import { pipelineHandlers } from './handlers/pipeline-handlers.ts';

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
