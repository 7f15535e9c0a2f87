/** What a switch is and how it treats packets: OpenFlow 1.0.2 section 5.3.1 and 5.3.2, 1.5.1 section 7.3.1 and 7.3.2. */
import { bare, defineMessage, type MessageForm } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';

export const featuresRequest = defineMessage('FEATURES_REQUEST', bare('OFPT 1.0+ 5'));
export const getConfigRequest = defineMessage('GET_CONFIG_REQUEST', bare('OFPT 1.0+ 7'));
export const barrierRequest = defineMessage('BARRIER_REQUEST', bare('OFPT 1.0 18'), bare('OFPT 1.1+ 20'));
export const barrierReply = defineMessage('BARRIER_REPLY', bare('OFPT 1.0 19'), bare('OFPT 1.1+ 21'));

/** What becomes of IP fragments. */
type FragmentHandling = 'normal' | 'drop' | 'reassemble' | 'nx-match';
const fragmentHandlings: readonly FragmentHandling[] = ['normal', 'drop', 'reassemble', 'nx-match'];

export interface SwitchConfig {
  readonly fragments: FragmentHandling;
  /** Packets with an invalid TTL go to the controller: OpenFlow 1.1 and 1.2 only. */
  readonly invalidTtlToController: boolean;
  /** Bytes of a packet that a table miss sends to the controller. */
  readonly missSendLength: number;
}

const invalidTtlFlag = 4;

function config(wire: MessageForm<SwitchConfig>['wire']): MessageForm<SwitchConfig> {
  return {
    wire,
    size: [4, 0],
    decode(body, version) {
      const flags = body.u16();
      const hasTtlFlag = version === 2 || version === 3;
      const known = 3 | (hasTtlFlag ? invalidTtlFlag : 0);
      if ((flags & ~known) !== 0)
        throw new OpenFlowError('OFPSCFC_BAD_FLAGS', `configuration flags 0x${flags.toString(16)}`);
      return {
        fragments: fragmentHandlings[flags & 3] ?? 'normal',
        invalidTtlToController: (flags & invalidTtlFlag) !== 0,
        missSendLength: body.u16(),
      };
    },
    encode({ fragments, invalidTtlToController, missSendLength }, to, version) {
      const isTold = invalidTtlToController && (version === 2 || version === 3);
      to.u16(fragmentHandlings.indexOf(fragments) | (isTold ? invalidTtlFlag : 0));
      to.u16(missSendLength);
    },
  };
}

export const getConfigReply = defineMessage('GET_CONFIG_REPLY', config('OFPT 1.0+ 8'));
export const setConfig = defineMessage('SET_CONFIG', config('OFPT 1.0+ 9'));
