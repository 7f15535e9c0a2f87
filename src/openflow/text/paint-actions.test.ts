import { expect, test } from 'vitest';
import { paintActions } from './paint-actions.ts';

const letters = {
  actions: 'A',
  drop: 'd',
  learn: 'l',
  param: 'p',
  paren: 'c',
  special: 's',
  value: 'v',
} as const;

test.each([
  ['drop', '{d drop}'],
  ['NORMAL,CONTROLLER:128', 'NORMAL,CONTROLLER:128'],
  ['output:"a(,b"', '{s output:}"a(,b"'],
  ['output(port=1,max_len=100),exit', '{s output}(port=1,max_len=100),{s exit}'],
  ['load:0x1->NXM_NX_REG0[0..4]', '{s load:}0x1{s ->}NXM_NX_REG0[0..4]'],
  ['dec_ttl,dec_ttl(1,2),strip_vlan', '{c dec_ttl},{c dec_ttl}{c (}1,2{c )},{v strip_vlan}'],
  ['clone(resubmit(,5),drop)', '{c clone(}{c resubmit(},5{c )},{d drop}{c )}'],
  ['controller(max_len=5,pause)', '{c controller(}{p max_len=}5,{v pause}{c )}'],
  [
    'ct(commit,exec(load:0->NXM_NX_CT_MARK[]),alg=ftp)',
    '{c ct(}{v commit},{c exec(}{s load:}0{s ->}NXM_NX_CT_MARK[]{c ),}{p alg=}ftp{c )}',
  ],
  ['ct(nat(src=1.2.3.4:5,hash))', '{c ct(}{c nat}{c (}{p src}{p =}1.2.3.4:5,{v hash}{c )}{c )}'],
  [
    'learn(table=1,fin_hard_timeout=6,priority=3,send_flow_rem,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],NXM_NX_REG0[0..7]=0x12,eth_type=0x800,output:NXM_OF_IN_PORT[])',
    '{l learn(}{s table=}1{p ,fin_hard_timeout=}6{s ,priority=}3,{v send_flow_rem},{p NXM_OF_ETH_DST[]}{p =}NXM_OF_ETH_SRC[],{p NXM_NX_REG0[0..7]=}0x12,{p eth_type=}0x800,{s output:}NXM_OF_IN_PORT[]{l )}',
  ],
  ['bundle(eth_src,0,hrw,ofport,members:4,8)', '{c bundle(}eth_src,0,hrw,ofport,{p members:}4,8{c )}'],
  [
    'encap(nsh(md_type=1)),check_pkt_larger(4)->NXM_NX_REG0[1]',
    '{c encap(}nsh{c (}md_type=1{c )}{c )},{p check_pkt_larger(}4)->NXM_NX_REG0[1]',
  ],
])('%s is painted as the reference does', (text, painted) => {
  expect(paintActions(text, (piece, part) => `{${letters[part]} ${piece}}`)).toBe(painted);
});
