/** Asking for flows, one by one or as a sum: OpenFlow 1.0.2 section 5.3.5.2, 1.5.1 section 7.3.5.2; NXST. */
import { type Match, matchOn } from '../../flow/match.ts';
import { defineMessage, type MessageForm, type MessageText, type WirePlace } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { longPort } from '../layout.ts';
import { match10Size, readMatch10, writeMatch10 } from '../match/match-10.ts';
import {
  decodeMatch,
  formatPackedMatch,
  readNxMatch,
  writeMatch,
  writeNxMatch,
} from '../match/match-codec.ts';
import { reservedPorts } from '../ports.ts';
import { anyGroup } from './flow-mod.ts';
import { allTables } from './tables.ts';

/** Which flows: all that match more narrowly, and have such actions and such a cookie. */
export interface FlowRequest {
  /** 255 for all. */
  readonly table: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly match: Match;
}

/** That of all flows. */
export const everyFlow: FlowRequest = {
  table: allTables,
  outPort: reservedPorts.ANY,
  outGroup: anyGroup,
  cookie: 0n,
  cookieMask: 0n,
  match: matchOn({}),
};

function requestForm10(wire: WirePlace): MessageForm<FlowRequest> {
  return {
    wire,
    size: [match10Size + 4, 0],
    decode(body) {
      const { match } = readMatch10(body);
      const table = body.u8();
      body.skip(1);
      return { table, outPort: body.u16(), outGroup: anyGroup, cookie: 0n, cookieMask: 0n, match };
    },
    encode({ table, outPort, match }, to) {
      writeMatch10(match, to);
      to.u8(table);
      to.u8(0);
      to.u16(outPort);
    },
  };
}

function requestForm11(wire: WirePlace): MessageForm<FlowRequest> {
  return {
    wire,
    size: [32, 8],
    decode(body, _version, _inner, recipient) {
      body.options = recipient;
      const table = body.u8();
      body.skip(3);
      const outPort = longPort.read(body);
      const outGroup = body.u32();
      body.skip(4);
      const [cookie, cookieMask] = [body.u64(), body.u64()];
      return { table, outPort, outGroup, cookie, cookieMask, match: decodeMatch(body) };
    },
    encode({ table, outPort, outGroup, cookie, cookieMask, match }, to, version) {
      to.u8(table);
      to.room(3);
      longPort.write(to, outPort);
      to.u32(outGroup);
      to.u32(0);
      to.u64(cookie);
      to.u64(cookieMask);
      writeMatch(to, match, version);
    },
  };
}

function requestFormNx(wire: WirePlace): MessageForm<FlowRequest> {
  return {
    wire,
    size: [8, 8],
    decode(body, _version, _inner, recipient) {
      body.options = recipient;
      const outPort = body.u16();
      const matchSize = body.u16();
      const table = body.u8();
      body.skip(3);
      const read = readNxMatch(body, matchSize, { isStrict: true, allowsCookie: true });
      if (body.left > 0) throw badLength(`${body.left} bytes behind a request of flows`);
      return { table, outPort, outGroup: anyGroup, ...read };
    },
    encode({ table, outPort, cookie, cookieMask, match }, to) {
      to.u16(outPort);
      const sizeAt = to.size;
      to.u16(0);
      to.u8(table);
      to.room(3);
      to.setU16(sizeAt, writeNxMatch(to, match, cookie, cookieMask));
    },
  };
}

function badLength(why: string): OpenFlowError {
  return new OpenFlowError('OFPBRC_BAD_LEN', why);
}

function formatRequest({ table, outPort, match }: FlowRequest, context: MessageText): string {
  const { ports, tables } = context;
  const where = table === 0xff ? '' : ` table=${tables.format(table)}`;
  const port = outPort === reservedPorts.ANY ? '' : ` out_port=${ports.format(outPort)}`;
  return `${where}${port} ${formatPackedMatch(match, context)}`;
}

export const flowRequestMessage = defineMessage(
  'FLOW_REQUEST',
  [
    requestForm10('OFPST 1.0 1 request'),
    requestForm11('OFPST 1.1+ 1 request'),
    requestFormNx('NXST 1.0 0 request'),
  ],
  formatRequest,
);

export const aggregateRequest = defineMessage(
  'AGGREGATE_REQUEST',
  [
    requestForm10('OFPST 1.0 2 request'),
    requestForm11('OFPST 1.1+ 2 request'),
    requestFormNx('NXST 1.0 1 request'),
  ],
  formatRequest,
);
