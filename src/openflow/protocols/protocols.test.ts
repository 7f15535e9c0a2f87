import { describe, expect, it } from 'vitest';
import { Malformed } from '../../base/errors.ts';
import { fieldNamed } from '../../flow/fields/index.ts';
import { matchOn } from '../../flow/match.ts';
import { readInstructionText } from '../action-codec.ts';
import type { FlowMod } from '../messages/flow-mod.ts';
import { portText } from '../ports.ts';
import { allVersions } from '../versions.ts';
import { protocolsOfActions } from './action-protocols.ts';
import { flowModIn, flowRequestIn, protocolStep } from './protocol-messages.ts';
import {
  formatProtocols,
  initialProtocol,
  type Protocol,
  protocolSets,
  protocols,
  protocolsIn,
  protocolsOfField,
  protocolsOfVersions,
  readProtocols,
  versionOf,
  versionsOf,
} from './protocols.ts';

describe('what a list of actions is sent in', () => {
  it.each([
    ['output:1', 'any'],
    ['load:1->reg0[]', 'any'],
    ['set_field:1->reg0', 'NXM,OXM'],
    ['push_vlan:0x8100', 'OXM,OpenFlow11'],
    ['clone(output:1,encap(nsh))', 'OXM-OpenFlow13,OXM-OpenFlow14,OXM-OpenFlow15'],
    ['write_metadata:1', 'NXM,OXM,OpenFlow11'],
    ['write_actions(set_field:1->metadata)', 'NXM,OXM,OpenFlow11'],
    ['ct(commit,exec(set_field:1->ct_mark))', 'NXM,OXM'],
  ])('%s', (text, expected) => {
    const actions = readInstructionText(text, { ports: portText });
    expect(formatProtocols(protocolsOfActions(actions, 'instructions'))).toBe(expected);
  });

  it('says a meter among instructions since OpenFlow 1.3, among actions since 1.5', () => {
    const actions = readInstructionText('meter:1', { ports: portText });
    expect(protocolsOfActions(actions, 'instructions')).toBe(protocolSets.since13);
    expect(protocolsOfActions(actions, 'actions')).toBe(protocolSets.since15);
  });
});

describe('a flow', () => {
  const mod: FlowMod = {
    command: 'add',
    table: 3,
    match: matchOn({}),
    priority: 1,
    newCookie: 0n,
    cookie: 0n,
    cookieMask: 0n,
    idleTimeout: 0,
    hardTimeout: 0,
    importance: 0,
    bufferId: undefined,
    outPort: 0xffff,
    outGroup: 0xffffffff,
    flags: 0,
    actions: [],
  };

  it('tells its table where the protocol does, and is of Nicira in NXM', () => {
    const said = (protocol: Protocol): unknown => {
      const { form, value } = flowModIn(protocol, mod);
      return [form, 'table' in (value ?? {}) && (value as FlowMod).table];
    };
    expect(said(protocols.openflow10)).toEqual([undefined, 0]);
    expect(said(protocols.nxmTableId)).toEqual(['NXT_FLOW_MOD', 3]);
    expect(said(protocols.openflow13)).toEqual([undefined, 3]);
  });

  it('is asked for in the same ways', () => {
    const formOf = (protocol: Protocol): string | undefined =>
      flowRequestIn(protocol, 'AGGREGATE_REQUEST', mod).form;
    expect(formOf(protocols.nxm)).toBe('NXST_AGGREGATE request');
    expect(formOf(protocols.openflow11)).toBeUndefined();
  });
});

describe('protocols', () => {
  it('reads what it prints, for every set of them', () => {
    for (let set = 1; set <= protocolSets.any; set++) expect(readProtocols(formatProtocols(set))).toBe(set);
  });

  it('prints the names that several have in common', () => {
    expect(formatProtocols(0)).toBe('none');
    expect(formatProtocols(protocolSets.any)).toBe('any');
    expect(formatProtocols(protocolSets.extensible)).toBe('NXM,OXM');
    expect(formatProtocols(protocolSets.nxmOrLater)).toBe('NXM,OXM,OpenFlow11');
    expect(formatProtocols(protocols.nxm | protocols.openflow13)).toBe('NXM-table_id,OXM-OpenFlow13');
  });

  it.each([
    ['', ': no flow protocol specified'],
    [',', ',: no flow protocol specified'],
    ['nxm,later', 'later: unknown flow protocol'],
  ])('refuses %j', (text, why) => {
    expect(() => readProtocols(text)).toThrow(Malformed);
    expect(() => readProtocols(text)).toThrow(why);
  });

  it('has the version of each, and the protocols of each version', () => {
    for (const version of allVersions) {
      const set = protocolsOfVersions([version]);
      expect(versionsOf(set)).toEqual([version]);
      expect(versionOf(initialProtocol(version))).toBe(version);
    }
    expect(protocolsIn(protocolsOfVersions([1, 6]))).toEqual([1, 2, 4, 8, 0x100]);
  });

  it('goes from each protocol of OpenFlow 1.0 to each other in at most two steps, and nowhere else', () => {
    for (const from of protocolsIn(protocolSets.any)) {
      for (const to of protocolsIn(protocolSets.any)) {
        let at: Protocol = from;
        let count = 0;
        for (let step = protocolStep(at, to); step !== undefined; step = protocolStep(at, to)) {
          at = step.next;
          count++;
        }
        const mayChange = versionOf(from) === 1 && versionOf(to) === 1;
        expect(at).toBe(mayChange ? to : from);
        expect(count).toBeLessThanOrEqual(2);
      }
    }
  });

  it.each([
    ['nw_src', undefined, 'any'],
    ['nw_src', [0xff, 0xff, 0, 0], 'any'],
    ['nw_src', [0xff, 0, 0xff, 0], 'NXM,OXM,OpenFlow11'],
    ['nw_src', [0, 0, 0, 0], 'any'],
    ['eth_src', [1, 0, 0, 0, 0, 0], 'NXM,OXM,OpenFlow11'],
    ['tcp_dst', [0xff, 0], 'NXM,OXM'],
    ['dl_vlan', undefined, 'any'],
    ['mpls_label', undefined, 'NXM,OXM,OpenFlow11'],
    ['reg3', undefined, 'NXM,OXM'],
    ['skb_priority', undefined, 'none'],
    ['tun_metadata0', new Array(124).fill(0), 'NXM,OXM'],
  ])('says a match on %s under %j in the right ones', (name, mask, expected) => {
    const field = fieldNamed(name);
    if (field === undefined) throw new Error(name);
    expect(formatProtocols(protocolsOfField(field, mask && Uint8Array.from(mask)))).toBe(expected);
  });
});
