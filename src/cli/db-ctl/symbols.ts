/** `@name`s of one line of commands: rows made by `create`, or found by `get`, under a name of the line's own. */
import { systemRandom } from '../../base/random.ts';
import { CommandFailed, type Symbols } from './datum-text.ts';
import { makeRowUuid } from './row-name.ts';

interface Entry {
  uuid: string;
  isDefined: boolean;
  hasStrongReference: boolean;
  hasWeakReference: boolean;
}

export class SymbolTable implements Symbols {
  readonly #entries = new Map<string, Entry>();

  refer(name: string, strength: 'strong' | 'weak' | undefined): string {
    const entry = this.#entry(name);
    if (strength === 'strong') entry.hasStrongReference = true;
    if (strength === 'weak') entry.hasWeakReference = true;
    return entry.uuid;
  }

  /** For `create --id=@name`: the uuid that the new row is to have. Throws CommandFailed. */
  define(name: string, isRoot: boolean): string {
    const entry = this.#define(name);
    if (isRoot) entry.hasStrongReference = true;
    return entry.uuid;
  }

  /** For `get --id=@name` of a row that exists. Throws CommandFailed. */
  defineAs(name: string, uuid: string): void {
    const isUsed = this.#entries.has(name);
    const entry = this.#define(name);
    if (isUsed)
      throw new CommandFailed(`row id "${name}" specified on "get" command was used before it was defined`);
    entry.uuid = uuid;
    entry.hasStrongReference = true;
  }

  /** After the last command. Throws CommandFailed; returns what to warn of. */
  check(): string[] {
    const warnings: string[] = [];
    for (const [name, entry] of this.#entries) {
      if (!entry.isDefined) {
        throw new CommandFailed(
          `row id "${name}" is referenced but never created (e.g. with "-- --id=${name} create ...")`,
        );
      }
      if (entry.hasStrongReference) continue;
      const found = entry.hasWeakReference ? 'only a weak reference' : 'no reference';
      warnings.push(
        `row id "${name}" was created but ${found} to it was inserted, so it will not actually appear in the database`,
      );
    }
    return warnings;
  }

  #define(name: string): Entry {
    if (!name.startsWith('@')) throw new CommandFailed(`row id "${name}" does not begin with "@"`);
    const entry = this.#entry(name);
    if (entry.isDefined) throw new CommandFailed(`row id "${name}" may only be specified on one --id option`);
    entry.isDefined = true;
    return entry;
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name) ?? {
      uuid: makeRowUuid(systemRandom),
      isDefined: false,
      hasStrongReference: false,
      hasWeakReference: false,
    };
    this.#entries.set(name, entry);
    return entry;
  }
}
