/** Which controller of a switch is in charge: OpenFlow 1.5.1 section 6.3.6 and 7.3.8; NXT_ROLE_REQUEST. */
import { OpenFlowError } from '../../openflow/errors.ts';
import type { Role, RoleMessage } from '../../openflow/messages/roles.ts';

/** What a connection is. */
export type HeldRole = Exclude<Role, 'nochange'>;

export interface RoleHolder {
  role: HeldRole;
  /** Is told that another one has taken its place. */
  lostPrimary(generation: bigint | undefined): void;
}

/** The connections of one switch, at most one of which is primary. */
export class RoleElection {
  readonly #holders = new Set<RoleHolder>();
  /** The last one that a request told. */
  #generation: bigint | undefined;

  get generation(): bigint | undefined {
    return this.#generation;
  }

  join(holder: RoleHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: RoleHolder): void {
    this.#holders.delete(holder);
  }

  /** Gives a connection the role that it asks for. Throws OpenFlowError for a request of an election before the last. */
  request(holder: RoleHolder, { role, generation }: RoleMessage): void {
    if (role === 'nochange') return;
    if (generation !== undefined && role !== 'equal') this.#advance(generation);
    if (role === 'primary' && holder.role !== 'primary') this.#dethrone();
    holder.role = role;
  }

  /** Generations go round: one is later that is less than half of all numbers ahead. */
  #advance(generation: bigint): void {
    const last = this.#generation;
    if (last !== undefined && BigInt.asIntN(64, generation - last) < 0n)
      throw new OpenFlowError('OFPRRFC_STALE', `generation ${generation} of a role, the last was ${last}`);
    this.#generation = generation;
  }

  #dethrone(): void {
    for (const holder of this.#holders) {
      if (holder.role !== 'primary') continue;
      holder.role = 'secondary';
      holder.lostPrimary(this.#generation);
    }
  }
}
