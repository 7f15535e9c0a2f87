/** Asking for groups, what they are or what they counted. */
import { defineMessage, type MessageForm, type WirePlace } from '../declare.ts';
import { pad, struct, u32 } from '../layout.ts';
import { anyGroup } from './flow-mod.ts';
import { allGroups } from './group-values.ts';

export interface GroupRequest {
  /** `allGroups` for all of them. */
  readonly group: number;
}

function formatGroupRequest({ group }: GroupRequest): string {
  return ` group_id=${group === allGroups ? 'ALL' : group === anyGroup ? 'ANY' : group}`;
}

const requestLayout = struct({ group: u32, pad: pad(4) });

function requestForm(wire: WirePlace): MessageForm<GroupRequest> {
  return {
    wire,
    size: [requestLayout.size, 0],
    decode: (body) => requestLayout.read(body),
    encode: (value, to) => requestLayout.write(to, value),
  };
}

export const groupRequest = defineMessage(
  'GROUP_REQUEST',
  [requestForm('NXST 1.0 7 request'), requestForm('OFPST 1.1+ 6 request')],
  formatGroupRequest,
);

export const groupDescRequest = defineMessage(
  'GROUP_DESC_REQUEST',
  [
    requestForm('NXST 1.0 8 request'),
    {
      wire: 'OFPST 1.1-1.4 7 request',
      size: [0, 0],
      decode: (): GroupRequest => ({ group: allGroups }),
      encode: () => {},
    },
    requestForm('OFPST 1.5+ 7 request'),
  ],
  formatGroupRequest,
);
