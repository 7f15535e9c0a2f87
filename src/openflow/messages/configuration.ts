/** How a switch treats packets, and barriers: OpenFlow 1.0.2 section 5.3.2, 1.5.1 section 7.3.2 and 7.3.7. */
import { bareMessage, defineMessage, type MessageForm } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';

export const getConfigRequest = bareMessage('GET_CONFIG_REQUEST', 'OFPT 1.0+ 7');
export const barrierRequest = bareMessage('BARRIER_REQUEST', 'OFPT 1.0 18', 'OFPT 1.1+ 20');
export const barrierReply = bareMessage('BARRIER_REPLY', 'OFPT 1.0 19', 'OFPT 1.1+ 21');

/** What becomes of IP fragments. */
export type FragmentHandling = 'normal' | 'drop' | 'reassemble' | 'nx-match';
export const fragmentHandlings: readonly FragmentHandling[] = ['normal', 'drop', 'reassemble', 'nx-match'];

export interface SwitchConfig {
  readonly fragments: FragmentHandling;
  /** Packets with an invalid TTL go to the controller: OpenFlow 1.0 to 1.2 only. */
  readonly invalidTtlToController: boolean;
  /** Bytes of a packet that a table miss sends to the controller. */
  readonly missSendLength: number;
}

const invalidTtlFlag = 4;

/** What a switch tells may have flags that nobody knows. */
function config(
  wire: MessageForm<SwitchConfig>['wire'],
  unknownFlags: 'passed over' | 'refused',
): MessageForm<SwitchConfig> {
  return {
    wire,
    size: [4, 0],
    decode(body, version) {
      const flags = body.u16();
      const hasTtlFlag = version < 4;
      const known = 3 | (hasTtlFlag ? invalidTtlFlag : 0);
      if ((flags & ~known) !== 0 && unknownFlags === 'refused')
        throw new OpenFlowError('OFPSCFC_BAD_FLAGS', `configuration flags 0x${flags.toString(16)}`);
      return {
        fragments: fragmentHandlings[flags & 3] ?? 'normal',
        invalidTtlToController: hasTtlFlag && (flags & invalidTtlFlag) !== 0,
        missSendLength: body.u16(),
      };
    },
    encode({ fragments, invalidTtlToController, missSendLength }, to, version) {
      const isTold = invalidTtlToController && version < 4;
      to.u16(fragmentHandlings.indexOf(fragments) | (isTold ? invalidTtlFlag : 0));
      to.u16(missSendLength);
    },
  };
}

function formatConfig({ fragments, invalidTtlToController, missSendLength }: SwitchConfig): string {
  const ttl = invalidTtlToController ? ' invalid_ttl_to_controller' : '';
  return ` frags=${fragments}${ttl} miss_send_len=${missSendLength}\n`;
}

export const getConfigReply = defineMessage(
  'GET_CONFIG_REPLY',
  [config('OFPT 1.0+ 8', 'passed over')],
  formatConfig,
);
export const setConfig = defineMessage('SET_CONFIG', [config('OFPT 1.0+ 9', 'refused')], formatConfig);
