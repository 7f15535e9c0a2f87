/** ovsdb-client lock, steal, unlock: asks for a lock and prints what becomes of it, for as long as it runs. */

import { BackgroundControl } from './background.ts';
import type { ClientContext } from './context.ts';

export async function changeLock(context: ClientContext, method: 'lock' | 'steal' | 'unlock'): Promise<void> {
  const { rpc, args } = context.target;
  const request = async (asked: string, lock: string): Promise<void> => {
    const { result, error } = await rpc.request(asked, [lock]);
    if (error === null) context.printJson(result);
  };
  const control = new BackgroundControl(context, {
    changeLock: (asked, lock) => {
      request(asked, lock).catch(() => {}); // the end of the connection is told below
    },
  });
  rpc.events = {
    notification(name, params) {
      context.print(name);
      context.printJson(params);
    },
  };
  await request(method, args[0] ?? '');
  await control.listen();
  context.daemon?.ready();
  await Promise.race([control.exited, rpc.untilEnd()]);
}
