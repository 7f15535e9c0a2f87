/** Flows as ovs-ofctl takes them. */

/** Another flow for each number, by its cookie too. */
export function flowLine(n: number): string {
  const address = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
  const match = `tcp,nw_src=${address},tp_dst=${(n % 60_000) + 1}`;
  const actions = `mod_dl_dst:00:11:22:33:44:55,output:${(n % 100) + 1}`;
  return `cookie=${n + 1},priority=${(n % 1000) + 1},${match},actions=${actions}\n`;
}
