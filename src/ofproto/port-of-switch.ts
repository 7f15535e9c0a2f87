import type { Ofproto } from './ofproto.ts';
import type { OfprotoPort } from './port.ts';

/** A port and the switch it is of. */
export interface PortOfSwitch {
  readonly ofproto: Ofproto;
  readonly port: OfprotoPort;
}
