/** Which tunnel options the fields tun_metadata0 to 63 of a bridge stand for: ovs-ofctl(8), "add-tlv-map". */
import { OpenFlowError } from '../openflow/errors.ts';
import type { TlvMapping, TlvTableMod } from '../openflow/messages/tlv-table.ts';

/** Bytes of all options together, and fields. */
export const tlvLimits = { space: 256, fields: 64 } as const;

export class TlvTable {
  #byIndex: ReadonlyMap<number, TlvMapping> = new Map();

  /** By field. */
  get mappings(): readonly TlvMapping[] {
    return [...this.#byIndex.values()].sort((a, b) => a.index - b.index);
  }

  /** All of it or nothing. Throws OpenFlowError. */
  change({ command, mappings }: TlvTableMod): void {
    const next = new Map(command === 'clear' ? [] : this.#byIndex);
    for (const mapping of mappings) {
      if (command === 'add') addTo(next, mapping);
      else if (command === 'delete') next.delete(mapping.index);
    }
    this.#byIndex = next;
  }
}

function addTo(table: Map<number, TlvMapping>, added: TlvMapping): void {
  const { index, optionClass, optionType, optionSize } = added;
  if (table.has(index))
    throw new OpenFlowError('NXTTMFC_ALREADY_MAPPED', `tun_metadata${index} stands for an option already`);
  let space = optionSize;
  for (const other of table.values()) {
    if (other.optionClass === optionClass && other.optionType === optionType)
      throw new OpenFlowError('NXTTMFC_DUP_ENTRY', `tun_metadata${other.index} stands for that option`);
    space += other.optionSize;
  }
  if (space > tlvLimits.space)
    throw new OpenFlowError('NXTTMFC_TABLE_FULL', `options of ${space} bytes, ${tlvLimits.space} fit`);
  table.set(index, added);
}
