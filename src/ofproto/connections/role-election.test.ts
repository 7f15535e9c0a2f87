import { describe, expect, test } from 'vitest';
import { OpenFlowError } from '../../openflow/errors.ts';
import { type HeldRole, RoleElection, type RoleHolder } from './role-election.ts';

class Holder implements RoleHolder {
  role: HeldRole = 'equal';
  readonly lostIn: (bigint | undefined)[] = [];
  lostPrimary(generation: bigint | undefined): void {
    this.lostIn.push(generation);
  }
}

function electionOf(...holders: Holder[]): RoleElection {
  const election = new RoleElection();
  for (const holder of holders) election.join(holder);
  return election;
}

describe('an election', () => {
  test('has one primary, and tells the one before', () => {
    const [a, b] = [new Holder(), new Holder()];
    const election = electionOf(a, b);
    election.request(a, { role: 'primary', generation: 1n });
    election.request(b, { role: 'primary', generation: 2n });
    expect([a.role, b.role, a.lostIn, b.lostIn]).toEqual(['secondary', 'primary', [2n], []]);
  });

  test('does not tell a primary that asks again, nor whoever has left', () => {
    const [a, b] = [new Holder(), new Holder()];
    const election = electionOf(a, b);
    election.request(a, { role: 'primary', generation: undefined });
    election.request(a, { role: 'primary', generation: undefined });
    election.leave(a);
    election.request(b, { role: 'primary', generation: undefined });
    expect([a.role, a.lostIn]).toEqual(['primary', []]);
  });

  test('refuses requests of elections before the last, and leaves roles as they are', () => {
    const a = new Holder();
    const election = electionOf(a);
    election.request(a, { role: 'secondary', generation: 5n });
    expect(() => election.request(a, { role: 'primary', generation: 4n })).toThrow(OpenFlowError);
    expect([a.role, election.generation]).toEqual(['secondary', 5n]);
    election.request(a, { role: 'equal', generation: 4n });
    election.request(a, { role: 'nochange', generation: undefined });
    expect([a.role, election.generation]).toEqual(['equal', 5n]);
  });

  test('counts generations round', () => {
    const a = new Holder();
    const election = electionOf(a);
    election.request(a, { role: 'primary', generation: 2n ** 64n - 1n });
    election.request(a, { role: 'primary', generation: 0n });
    expect(election.generation).toBe(0n);
  });
});
