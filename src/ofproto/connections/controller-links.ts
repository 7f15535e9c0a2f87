/** The controllers of a bridge, by target: those that it connects to, and those that connect to it. */
import { logger } from '../../base/log.ts';
import { isActiveName, isPassiveName } from '../../net/remote.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { ControllerSettings } from '../config.ts';
import type { ControllerStatus } from '../controllers.ts';
import { ActiveController, type ControllerDeps } from './active-controller.ts';
import { PassiveController } from './passive-controller.ts';

const log = logger('connmgr');

export class ControllerLinks {
  readonly #deps: ControllerDeps;
  readonly #links = new Map<string, ActiveController | PassiveController>();
  /** Not all that is wanted is there. */
  #isIncomplete = false;
  /** The versions that those that are there may speak. */
  #versions: readonly WireVersion[] = [];

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
  }

  /**
   * Makes and removes what differs; resolves when it listens where it is to. What cannot be is logged.
   * Differs: a controller whose type changes is made anew; with the reference its conversations stay of the old type.
   */
  async configure(
    controllers: readonly ControllerSettings[],
    versions: readonly WireVersion[],
  ): Promise<void> {
    if (String(versions) !== String(this.#versions)) this.#endAll();
    this.#versions = versions;
    for (const config of controllers) {
      const known = this.#links.get(config.target);
      if (known?.config.type === config.type) known.configure(config);
      else await this.#add(config);
    }
    this.#isIncomplete = controllers.some(({ target }) => !this.#links.has(target));
    const wanted = new Set(controllers.map(({ target }) => target));
    for (const target of this.#links.keys()) if (!wanted.has(target)) this.#remove(target);
  }

  /** It could not listen everywhere: another `configure` tries again. */
  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  /** Of those that are connected to. */
  statuses(): ReadonlyMap<string, ControllerStatus> {
    return new Map(this.active().map((link) => [link.config.target, link.status]));
  }

  active(): ActiveController[] {
    return [...this.#links.values()].filter((link) => link instanceof ActiveController);
  }

  reconnect(): void {
    for (const link of this.#links.values()) link.reconnect();
  }

  close(): void {
    for (const link of this.#links.values()) link.stop();
    this.#links.clear();
  }

  /** Other versions are spoken from now on. */
  #endAll(): void {
    for (const [target, link] of this.#links) {
      log.info(
        `${this.#deps.bridge}: Changes to controller "${target}" expects re-initialization: Re-initializing now.`,
      );
      link.stop();
      this.#links.delete(target);
    }
  }

  async #add(config: ControllerSettings): Promise<void> {
    const { target, type } = config;
    const { bridge } = this.#deps;
    this.#links.get(target)?.stop();
    this.#links.delete(target);
    if (isActiveName(target)) {
      const link = new ActiveController(config, this.#deps);
      this.#links.set(target, link);
      link.start();
    } else if (isPassiveName(target)) {
      const link = new PassiveController(config, this.#deps);
      this.#links.set(target, link);
      if (!(await link.start())) {
        this.#links.delete(target);
        return;
      }
    } else {
      log.warn(`${bridge}: unsupported controller "${target}"`);
      return;
    }
    log.info(`${bridge}: added ${type} controller "${target}"`);
  }

  #remove(target: string): void {
    const gone = this.#links.get(target);
    this.#links.delete(target);
    if (gone === undefined) return;
    gone.stop();
    log.info(`${this.#deps.bridge}: removed ${gone.config.type} controller "${target}"`);
  }
}
