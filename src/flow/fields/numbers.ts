/**
 * How fields are called on the wire: the class, number and experimenter of an OXM or NXM header (OpenFlow 1.5.1
 * section 7.2.3.2, ovs-fields(7)). A field can have several; which one is sent depends on the version.
 */

/** What the name of a number starts with says its class, and the experimenter of class 0xffff. */
const classes = {
  NXM_OF_: [0x0000],
  NXM_NX_: [0x0001],
  OXM_OF_PKT_REG: [0x8001],
  OXM_OF_: [0x8000],
  NXOXM_ET_: [0xffff, 0x00002320],
  NXOXM_NSH_: [0xffff, 0x005ad650],
  ONFOXM_ET_: [0xffff, 0x4f4e4600],
  ERICOXM_OF_: [0x1000],
} as const satisfies Record<string, readonly [oxmClass: number, experimenter?: number]>;

type ClassPrefix = keyof typeof classes;

/** "NAME NUMBER", and from which OpenFlow version on where that is not 1.2 for the standard's, 1.0 for all others. */
export type NumberText =
  | `${ClassPrefix}${string} ${number}`
  | `${ClassPrefix}${string} ${number} since 1.${number}`;

export interface FieldNumber {
  /** e.g. "OXM_OF_ETH_SRC". */
  readonly name: string;
  readonly oxmClass: number;
  readonly number: number;
  /** Only with class 0xffff. */
  readonly experimenter: number | undefined;
  /** OpenFlow wire version: 1 is OpenFlow 1.0. */
  readonly since: number;
  /** Of the standard: Nicira's own extensions are all others. */
  readonly isStandard: boolean;
}

export function readNumber(text: NumberText): FieldNumber {
  const [name = '', number = '', , version] = text.split(' ');
  const prefix = Object.keys(classes).find((start) => name.startsWith(start)) as ClassPrefix; // the type of `text` says so
  const [oxmClass, experimenter] = classes[prefix] as readonly [number, number?];
  const isStandard = oxmClass >= 0x8000 && oxmClass < 0xffff;
  const usual = isStandard ? 3 : 1;
  const since = version === undefined ? usual : Number(version.slice(2)) + 1;
  return { name, oxmClass, number: Number(number), experimenter, since, isStandard };
}
