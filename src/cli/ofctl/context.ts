/** What every command of ovs-ofctl is given. */
export interface OfctlContext {
  /** How often -m was given. */
  readonly verbosity: number;
  /** Standard input has bytes, not hexadecimal digits. */
  readonly isRaw: boolean;
  print(text: string): void;
}
