/**
 * What the compiler knows of OpenFlow messages: which values they have, and what answers them. Needs no switch: both ends
 * are in this process. Compile it with `tsc --module nodenext`.
 */
import {
  type Action,
  actionsText,
  type Connection,
  connect,
  ErrorReply,
  flowMod,
  listen,
  matchText,
  messageBytes,
  messageText,
  OpenFlowError,
  type Received,
  type ReplyTo,
  readActions,
  readMatch,
  SyscallFailed,
} from 'ovs-ts/openflow';

const listener = await listen('ptcp:0:127.0.0.1');
const accepted = listener.connections().next();
const controller: Connection = await connect(listener.remote, { versions: [4, 6] });
const { value: peer } = await accepted;
if (peer === undefined) throw new Error('nobody connected');

/** The other end, which is a switch that knows little. */
function answer(message: Received): void {
  switch (message.name) {
    case 'FLOW_MOD': {
      const { command, match, actions } = message.value;
      console.log(`${command} ${matchText(match)} ${actions.map(describeAction).join(' ')}`);
      break;
    }
    case 'ECHO_REPLY':
      // @ts-expect-error: an echo has no datapath ID
      console.log(message.value.datapathId);
      break;
  }
}

function describeAction(action: Action): string {
  // Actions are a union, too: each has its own arguments.
  return action.do === 'output' ? `to port ${action.port}` : actionsText([action]);
}

function describeError(error: unknown): string {
  if (error instanceof ErrorReply) return `${error.code} ${error.tag}`;
  if (error instanceof SyscallFailed) return `${error.code} ${error.call}: ${error.reason}`;
  if (error instanceof OpenFlowError) return `${error.code} ${error.errorName}`;
  throw error;
}

const flow = flowMod({ match: readMatch('tcp,tp_dst=80'), actions: readActions('dec_ttl,output:5') });
controller.send(flow);
for await (const message of peer.messages()) {
  answer(message);
  break;
}
process.stdout.write(messageText(messageBytes(flow, 4, 1)));

const features: Promise<ReplyTo<'FEATURES_REQUEST'>> = controller.request(
  { name: 'FEATURES_REQUEST', value: undefined },
  { signal: AbortSignal.timeout(10_000) },
);
peer.close();
await features.catch((error: unknown) => console.log(describeError(error)));
await connect('unix:/nowhere').catch((error: unknown) => console.log(describeError(error)));
listener.close();
