/**
 * Actions and instructions that a switch can do, as the bits that each version has for them (OpenFlow 1.0.2 section 5.2.4
 * to 1.3.5 section 7.3.5.5). Values hold them by name, in the order in which they are printed.
 */
import { namesIn } from '../../base/literals.ts';
import type { WireVersion } from '../versions.ts';

/** Names with the bit of OpenFlow 1.0, 1.1, and of 1.2 and later. */
const actions = {
  output: [0, 0, 0],
  group: [undefined, 22, 22],
  enqueue: [11, undefined, undefined],
  set_field: [undefined, undefined, 25],
  set_vlan_vid: [1, 1, undefined],
  set_vlan_pcp: [2, 2, undefined],
  strip_vlan: [3, 18, 18],
  push_vlan: [undefined, 17, 17],
  mod_dl_src: [4, 3, undefined],
  mod_dl_dst: [5, 4, undefined],
  mod_nw_src: [6, 5, undefined],
  mod_nw_dst: [7, 6, undefined],
  mod_nw_tos: [8, 7, undefined],
  mod_nw_ecn: [undefined, 8, undefined],
  mod_nw_ttl: [undefined, 23, 23],
  mod_tp_src: [9, 9, undefined],
  mod_tp_dst: [10, 10, undefined],
  dec_ttl: [undefined, 24, 24],
  set_mpls_label: [undefined, 13, undefined],
  set_mpls_tc: [undefined, 14, undefined],
  set_mpls_ttl: [undefined, 15, 15],
  dec_mpls_ttl: [undefined, 16, 16],
  push_mpls: [undefined, 19, 19],
  pop_mpls: [undefined, 20, 20],
  set_queue: [undefined, 21, 21],
} as const satisfies Record<string, readonly (number | undefined)[]>;

export type ActionAbility = keyof typeof actions;

export function readActionBits(bits: number, version: WireVersion): ActionAbility[] {
  return namesOf(actions, bits, Math.min(version, 3) - 1);
}

export function actionBits(names: readonly ActionAbility[], version: WireVersion): number {
  return bitsOf(actions, names, Math.min(version, 3) - 1);
}

/** Names with the bit of OpenFlow 1.1, 1.2 and 1.5, and of 1.3 and 1.4. */
const instructions = {
  meter: [undefined, 6],
  apply_actions: [4, 4],
  clear_actions: [5, 5],
  write_actions: [3, 3],
  write_metadata: [2, 2],
  goto_table: [1, 1],
} as const satisfies Record<string, readonly (number | undefined)[]>;

export type InstructionAbility = keyof typeof instructions;

export function readInstructionBits(bits: number, version: WireVersion): InstructionAbility[] {
  return namesOf(instructions, bits, hasMeters(version));
}

export function instructionBits(names: readonly InstructionAbility[], version: WireVersion): number {
  return bitsOf(instructions, names, hasMeters(version));
}

function hasMeters(version: WireVersion): 0 | 1 {
  return version === 4 || version === 5 ? 1 : 0;
}

type Bits = readonly (number | undefined)[];

function namesOf<N extends string>(table: Readonly<Record<N, Bits>>, bits: number, column: number): N[] {
  return namesIn(table).filter((name) => {
    const bit = table[name][column];
    return bit !== undefined && ((bits >>> bit) & 1) !== 0;
  });
}

function bitsOf<N extends string>(
  table: Readonly<Record<N, Bits>>,
  names: readonly N[],
  column: number,
): number {
  return names.reduce((bits, name) => {
    const bit = table[name][column];
    return bit === undefined ? bits : bits | (1 << bit);
  }, 0);
}

/** "<none>" for none. */
export function formatAbilities(names: readonly string[]): string {
  return names.join(' ') || '<none>';
}
