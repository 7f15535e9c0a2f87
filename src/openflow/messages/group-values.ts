/** Kinds of groups and what can be done to them, as numbers and words. */
import { OpenFlowError } from '../errors.ts';

export const types = ['all', 'select', 'indirect', 'fast_failover'] as const;
/** A number for types that nobody knows. */
export type GroupType = (typeof types)[number] | number;

export function typeNumber(type: GroupType): number {
  return typeof type === 'number' ? type : types.indexOf(type);
}

export function typeText(type: GroupType): string {
  if (typeof type === 'number') return 'unknown';
  return type === 'fast_failover' ? 'ff' : type;
}

export function typeOf(number: number): GroupType {
  return types[number] ?? number;
}

/** The highest number of a group. */
export const lastGroup = 0xffffff00;
/** All groups. */
export const allGroups = 0xfffffffc;

/** By number. */
const commandList = [
  [0, 'add'],
  [1, 'modify'],
  [2, 'delete'],
  [3, 'insert_bucket'],
  [5, 'remove_bucket'],
  [0x8000, 'add_or_modify'],
] as const;
export type GroupCommand = (typeof commandList)[number][1];
export const groupCommands = new Map<number, GroupCommand>(commandList);
export const commandNumbers = new Map([...groupCommands].map(([number, command]) => [command, number]));
export const commandTexts: Readonly<Record<GroupCommand, string>> = {
  add: 'ADD',
  modify: 'MOD',
  delete: 'DEL',
  insert_bucket: 'INSERT_BUCKET',
  remove_bucket: 'REMOVE_BUCKET',
  add_or_modify: 'ADD_OR_MOD',
};

/** Throws OpenFlowError. */
export function commandOf(number: number): GroupCommand {
  const command = groupCommands.get(number);
  if (command === undefined) throw new OpenFlowError('OFPGMFC_BAD_COMMAND', `command ${number} for groups`);
  return command;
}
