/**
 * The rules by which packets of a balance-tcp bond go out that came back with their hash: one for each hash, in the table
 * of the switch itself. Their counters tell what a hash carries.
 */
import { newKey, setSlot } from '../../flow/key.ts';
import { type Match, packMatch } from '../../flow/match.ts';
import { bucketCount } from '../../protocols/bond-buckets.ts';
import type { OfprotoPort } from '../port.ts';
import { type FlowTables, internalTable } from '../tables/flow-tables.ts';
import { FlowTransaction } from '../tables/flow-transaction.ts';
import { plainRule, Rule } from '../tables/rule.ts';
import type { HashOutputs, PortOfHash } from './hash-outputs.ts';

const priority = 20;

export class HashRules implements HashOutputs {
  readonly #tables: FlowTables;
  readonly #recirculation: number;
  readonly #rules = new Map<number, { readonly rule: Rule; readonly port: OfprotoPort }>();

  /** `recirculation` is the number with which the packets come back. */
  constructor(tables: FlowTables, recirculation: number) {
    this.#tables = tables;
    this.#recirculation = recirculation;
  }

  /** Makes the rules what `portOf` says; those of hashes that have no port go. */
  update(portOf: PortOfHash): void {
    const transaction = new FlowTransaction(this.#tables);
    for (let hash = 0; hash < bucketCount; hash++) {
      const port = portOf(hash);
      const present = this.#rules.get(hash);
      if (port === present?.port) continue;
      if (port !== undefined) this.#rules.set(hash, { rule: this.#insert(transaction, hash, port), port });
      else if (present !== undefined) {
        transaction.remove(present.rule, 'delete');
        this.#rules.delete(hash);
      }
    }
    transaction.commit();
  }

  clear(): void {
    this.update(() => undefined);
  }

  /** Bytes that went out under that hash. */
  bytesOf(hash: number): number | undefined {
    return this.#rules.get(hash)?.rule.byteCount;
  }

  #insert(transaction: FlowTransaction, hash: number, { ofPort: port }: OfprotoPort): Rule {
    const { clock } = this.#tables.deps;
    const actions = [{ do: 'output', port, maxLength: 0 } as const];
    const rule = new Rule(internalTable, priority, { ...plainRule, actions }, clock.now());
    return transaction.insert(rule, this.#matchOf(hash), { keepsCounts: true });
  }

  #matchOf(hash: number): Match {
    const key = newKey();
    const mask = newKey();
    setSlot(key, 'recirc_id', this.#recirculation);
    setSlot(mask, 'recirc_id', 0xffffffff);
    setSlot(key, 'dp_hash', hash);
    setSlot(mask, 'dp_hash', bucketCount - 1);
    return packMatch(key, mask);
  }
}
