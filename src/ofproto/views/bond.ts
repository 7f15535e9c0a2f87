/** Bonds, as `bond/*` shows and changes them. */
import { Refused } from '../../base/errors.ts';
import type { Bond } from '../../protocols/bond.ts';
import { bucketCount } from '../../protocols/bond-buckets.ts';
import type { BondMember } from '../../protocols/bond-members.ts';
import type { BondMode } from '../../protocols/bond-settings.ts';
import type { LacpStatus } from '../../protocols/lacp-types.ts';
import type { Ofproto } from '../ofproto.ts';
import type { Bundle, OfprotoPort } from '../port.ts';

/** A bond, and the switch that it belongs to. */
export interface BondOfSwitch {
  readonly ofproto: Ofproto;
  readonly bundle: Bundle;
  readonly bond: Bond<OfprotoPort>;
}

interface HashLoad {
  readonly hash: number;
  readonly kilobytes: number;
}

interface MemberReport {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly isActive: boolean;
  readonly mayEnable: boolean;
  /** Milliseconds until it is enabled, or disabled. */
  readonly switchesIn?: number;
  readonly hashes: readonly HashLoad[];
}

export interface BondReport {
  readonly name: string;
  readonly mode: BondMode;
  /** The number with which packets come back. */
  readonly recirculation?: number;
  readonly hashBasis: number;
  readonly admitsAllMembers?: boolean;
  readonly usesLbOutput: boolean;
  readonly updelay: number;
  readonly downdelay: number;
  readonly nextRebalance?: number;
  readonly lacp: LacpStatus;
  readonly fallsBack: boolean;
  readonly primary?: string;
  readonly activeMac: string;
  readonly members: readonly MemberReport[];
}

/** In the order in which they were made. */
export function bondsOf(ofproto: Ofproto): BondOfSwitch[] {
  return [...ofproto.bundles.values()].flatMap((bundle) =>
    bundle.bond === undefined ? [] : { ofproto, bundle, bond: bundle.bond },
  );
}

export function reportBond({ ofproto, bundle, bond }: BondOfSwitch): BondReport {
  const { settings, members, mayRecirculate, isBalanced } = bond;
  const { mode, hashBasis, updelay, downdelay, fallsBack, primary } = settings;
  const { now } = ofproto;
  const named = [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    name: bond.name,
    mode,
    ...(mayRecirculate && bundle.recirculation !== undefined && { recirculation: bundle.recirculation.id }),
    hashBasis,
    usesLbOutput: bundle.usesLbOutput,
    ...(mode === 'balance-slb' && { admitsAllMembers: settings.admitsAllMembers }),
    updelay,
    downdelay,
    ...(isBalanced && { nextRebalance: Math.round(bond.nextRebalance - now) }),
    lacp: bond.lacpStatus,
    fallsBack,
    ...(primary !== undefined && { primary }),
    activeMac: members.activeMac,
    members: named.map((member) => reportMember(bond, member, now)),
  };
}

function reportMember(bond: Bond<OfprotoPort>, member: BondMember<OfprotoPort>, now: number): MemberReport {
  const { name, isEnabled, mayEnable, switchAt, port } = member;
  return {
    name,
    isEnabled,
    isActive: bond.active === port,
    mayEnable,
    ...(switchAt !== undefined && { switchesIn: Math.round(switchAt - now) }),
    hashes: bond.isBalanced ? loadsOf(bond, port) : [],
  };
}

/** Hashes of a member that carry anything worth telling. */
function loadsOf(bond: Bond<OfprotoPort>, port: OfprotoPort): HashLoad[] {
  return Array.from({ length: bucketCount }, (_, hash) => ({
    hash,
    kilobytes: bond.ownerOf(hash) === port ? Math.floor(bond.bytesOf(hash) / 1024) : 0,
  })).filter(({ kilobytes }) => kilobytes > 0);
}

export function formatBond(report: BondReport): string {
  const { name, mode, recirculation, hashBasis, usesLbOutput, admitsAllMembers, nextRebalance } = report;
  const { updelay, downdelay, lacp, fallsBack, primary, activeMac, members } = report;
  const isThere = members.some((member) => member.name === primary);
  const active = members.find(({ isActive }) => isActive)?.name ?? 'none';
  const mayRecirculate = recirculation !== undefined;
  return [
    `---- ${name} ----`,
    `bond_mode: ${mode}`,
    `bond may use recirculation: ${mayRecirculate ? 'yes' : 'no'}, Recirc-ID : ${recirculation ?? -1}`,
    `bond-hash-basis: ${hashBasis}`,
    `lb_output action: ${usesLbOutput ? 'enabled' : 'disabled'}, bond-id: ${usesLbOutput ? recirculation : -1}`,
    ...(admitsAllMembers === undefined ? [] : [`all members active: ${admitsAllMembers}`]),
    `updelay: ${updelay} ms`,
    `downdelay: ${downdelay} ms`,
    ...(nextRebalance === undefined ? [] : [`next rebalance: ${nextRebalance} ms`]),
    `lacp_status: ${lacp}`,
    `lacp_fallback_ab: ${fallsBack}`,
    `active-backup primary: ${primary ?? '<none>'}${primary === undefined || isThere ? '' : ' (no such member)'}`,
    `active member mac: ${activeMac}(${active})`,
    ...members.flatMap(linesOfMember),
    '\n',
  ].join('\n');
}

function linesOfMember({ name, isEnabled, isActive, mayEnable, switchesIn, hashes }: MemberReport): string[] {
  const delay = isEnabled ? 'downdelay' : 'updelay';
  return [
    `\nmember ${name}: ${isEnabled ? 'enabled' : 'disabled'}`,
    ...(isActive ? ['  active member'] : []),
    ...(switchesIn === undefined ? [] : [`  ${delay} expires in ${switchesIn} ms`]),
    `  may_enable: ${mayEnable}`,
    ...hashes.map(({ hash, kilobytes }) => `  hash ${hash}: ${kilobytes} kB load`),
  ];
}

/** One line of `bond/list`. */
export interface BondRow {
  readonly name: string;
  readonly mode: BondMode;
  /** 0 where none is kept. */
  readonly recirculation: number;
  readonly members: readonly string[];
}

export function listBond({ bundle, bond }: BondOfSwitch): BondRow {
  const { id = 0 } = bundle.recirculation ?? {};
  const members = [...bond.members].map(({ name }) => name);
  return { name: bond.name, mode: bond.settings.mode, recirculation: id, members };
}

export function formatBondList(rows: readonly BondRow[]): string {
  const lines = rows.map(
    ({ name, mode, recirculation, members }) => `${name}\t${mode}\t${recirculation}\t${members.join(', ')}\n`,
  );
  return `bond\ttype\trecircID\tmembers\n${lines.join('')}`;
}

/** Gives a hash to another member. Throws Refused. */
export function migrateHash({ ofproto, bundle, bond }: BondOfSwitch, hash: string, name: string): string {
  if (bond.settings.mode !== 'balance-slb') throw refused('not an SLB bond');
  if (!/^\d*$/.test(hash)) throw refused('bad hash');
  const member = memberNamed(bond, name);
  if (!member.isEnabled) throw refused('cannot migrate to disabled member');
  bond.migrate(Number(hash), member);
  ofproto.protocols.bonding.changed(bundle);
  return 'migrated';
}

/** Throws Refused. */
export function setActiveMember({ ofproto, bundle, bond }: BondOfSwitch, name: string): string {
  const member = memberNamed(bond, name);
  if (!member.isEnabled) throw refused('cannot make disabled member active');
  if (!bond.members.activate(member.port)) return 'no change';
  ofproto.protocols.bonding.changed(bundle);
  return 'done';
}

/** Until its link says otherwise. Throws Refused. */
export function enableMember(
  { ofproto, bundle, bond }: BondOfSwitch,
  name: string,
  isEnabled: boolean,
): string {
  bond.members.enable(memberNamed(bond, name).port, isEnabled);
  ofproto.protocols.bonding.changed(bundle);
  return isEnabled ? 'enabled' : 'disabled';
}

function memberNamed(bond: Bond<OfprotoPort>, name: string): BondMember<OfprotoPort> {
  const member = [...bond.members].find((one) => one.name === name);
  if (member === undefined) throw refused('no such member');
  return member;
}

function refused(why: string): Refused {
  return new Refused('bond', why);
}
