/** What all bridges share of how they talk OpenFlow, as the database says. */
import type { TlsConfig } from '../net/tls-config.ts';
import type { OvsdbClient } from '../ovsdb/client/index.ts';
import { systemKeys } from './config/config-keys.ts';
import { readKeys } from './config/keys.ts';
import { readTls } from './config/wanted.ts';
import type { SharedControl } from './reconcile/bridge-config.ts';
import type { OvsRow, OvsTables } from './schema/index.ts';

export interface SharedControlDeps {
  readonly client: OvsdbClient<OvsTables>;
  readonly runFolder: string | undefined;
  /** Unless a row of table SSL says other ones. */
  readonly tls?: TlsConfig;
}

export class SharedControlReader {
  readonly #deps: SharedControlDeps;
  #isRestored = false;

  constructor(deps: SharedControlDeps) {
    this.#deps = deps;
  }

  read(): SharedControl {
    const { client, runFolder, tls = {} } = this.#deps;
    const [ssl] = client.view.rows('SSL').values();
    const [root] = client.view.rows('Open_vSwitch').values();
    const managers = [...client.view.rows('Manager').values()]
      .filter((row) => row.connection_mode !== 'out-of-band')
      .map(({ target }) => target);
    return {
      managers,
      isHeld: this.#isHeld(root),
      bundleIdleTimeout: 1000 * readKeys(systemKeys, root?.other_config ?? new Map()).bundleIdleTimeout,
      runFolder,
      tls: ssl === undefined ? tls : { ...tls, ...readTls(ssl) },
    };
  }

  /** Flows are being restored: only at the start, and once that is over it does not begin again. */
  #isHeld(root: OvsRow<'Open_vSwitch'> | undefined): boolean {
    if (root === undefined || this.#isRestored) return false;
    this.#isRestored = !readKeys(systemKeys, root.other_config).flowRestoreWait;
    return !this.#isRestored;
  }
}
