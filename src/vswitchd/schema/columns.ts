/** Kinds of columns that many tables of the Open_vSwitch schema share. */
import { atom, column } from '../../ovsdb/schema-types.ts';

/** 0 means "untagged" where a tag may be absent, 4095 is reserved by 802.1Q but allowed by the schema. */
export const vlanId = atom.integer(0, 4095);
export const unsigned32 = atom.integer(0, 0xffff_ffff);
/** `other_config`, `external_ids`, `options`: what an operator writes. */
export const strings = column.map(atom.string, atom.string);
/** `status`: what the daemon writes, gone with the database server. */
export const statusStrings = column.map(atom.string, atom.string, { ephemeral: true });
export const statusCounters = column.map(atom.string, atom.integer(), { ephemeral: true });
