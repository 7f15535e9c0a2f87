/** Actions of ours as the real ovs-ofctl reads and prints them, as bytes of each version and as text. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Malformed } from '../../src/base/errors.ts';
import { formatActions, readActions, readActionText, writeActions } from '../../src/openflow/action-codec.ts';
import { Reader, Writer } from '../../src/openflow/bytes.ts';
import { OpenFlowError } from '../../src/openflow/errors.ts';
import { allVersions, versionName } from '../../src/openflow/versions.ts';
import { portText } from './match-lines.ts';

const context = { ports: portText };

const good =
  `output:1 LOCAL CONTROLLER CONTROLLER:100 in_port NORMAL FLOOD ALL table enqueue:1:2 enqueue(1,2) set_queue:5
set_queue:0xffffffff pop_queue group:7 mod_vlan_vid:5 set_vlan_vid:5 mod_vlan_pcp:3 set_vlan_pcp:7 push_vlan:0x8100
push_vlan:0x88a8 strip_vlan pop_vlan mod_dl_src:00:01:02:03:04:05 mod_dl_dst:ff:ff:ff:ff:ff:ff mod_nw_src:1.2.3.4
mod_nw_dst:255.0.0.1 mod_nw_tos:8 mod_tp_src:80 mod_tp_dst:65535 push_mpls:0x8847 push_mpls:0x8848 pop_mpls:0x800
set_mpls_label:5 set_mpls_label(1048575) set_mpls_tc:7 set_mpls_ttl:255 dec_mpls_ttl dec_ttl dec_ttl(1,2,3) dec_nsh_ttl
resubmit:1 resubmit(,2) resubmit(1,2) resubmit(3,254,ct) set_tunnel:5 set_tunnel64:5 set_tunnel:0x100000000 note:01.02.03
note: note:00112233445566 fin_timeout(idle_timeout=5,hard_timeout=6) fin_timeout(hard_timeout=1) conjunction(1,2/3)
conjunction(0,64/64) ct_clear exit mod_nw_ecn:2 mod_nw_ttl:5 output:1,exit resubmit(,1),2,strip_vlan`.split(
    /\s+/,
  );

/** ovs-ofctl says what is wrong with them. */
const bad =
  `foo:1 mod_vlan_vid:5000 mod_vlan_vid:4096 mod_vlan_pcp:8 set_queue:abc group:abc enqueue:1 enqueue:1,2 mod_nw_tos:7
mod_dl_src:xx mod_nw_src:x push_vlan:0x1234 conjunction(1,3/2) conjunction(1,1/1) conjunction(1,1/65) note:1 note:zz
mod_tp_src:70000 mod_tp_dst:x set_mpls_tc:9 set_mpls_label:1048576 resubmit output:foo output:70000 drop,1`.split(
    /\s+/,
  );

function hexLine(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replaceAll(/..(?=.)/g, '$& ');
}

/** What ovs-ofctl makes of each line of bytes: the text, or the name of the error. */
function parsed(version: (typeof allVersions)[number], lines: readonly string[]): string[] {
  const { stdout } = spawnSync('ovs-ofctl', ['parse-actions', versionName(version)], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  });
  return stdout
    .split('\n')
    .filter((line) => /^(actions=|bad )/.test(line))
    .map((line) => line.replace(/^actions=|^bad .* actions: /, ''));
}

describe.each(allVersions)('actions of version %i', (version) => {
  const sendable = good.flatMap((text) => {
    const to = new Writer();
    try {
      writeActions(to, readActionText(text, context), version);
      return [{ text, bytes: to.written.slice() }];
    } catch (error) {
      if (error instanceof OpenFlowError) return [];
      throw error;
    }
  });

  test('are many', () => {
    expect(sendable.length).toBeGreaterThan(40);
  });

  test('are printed by ovs-ofctl as we print them', () => {
    const theirs = parsed(
      version,
      sendable.map(({ bytes }) => hexLine(bytes)),
    );
    const ours = sendable.map(({ bytes }) => formatActions(readActions(new Reader(bytes), version), context));
    expect(ours).toEqual(theirs);
  });

  test('with one byte changed are read alike, or refused with the same error', () => {
    // The bytes that say which action it is are left alone: some of the reference's are not there yet.
    const changed = sendable.flatMap(({ bytes }, n) =>
      [2, 3, n % bytes.length, (n * 7 + 2) % bytes.length]
        .filter((at) => at > 1 && (bytes[0] === 0 || at < 4 || at >= 10))
        .map((at) => bytes.map((byte, i) => (i === at ? byte ^ (1 << (n % 8)) : byte))),
    );
    const theirs = parsed(version, changed.map(hexLine));
    const ours = changed.map((bytes) => {
      try {
        return formatActions(readActions(new Reader(bytes), version), context);
      } catch (error) {
        if (error instanceof OpenFlowError) return error.errorName;
        throw error;
      }
    });
    expect(ours).toEqual(theirs);
  });
});

describe('actions as text', () => {
  test.each(bad)('%s is refused in the same words', (text) => {
    const { stderr } = spawnSync('ovs-ofctl', ['parse-flow', `tcp,actions=${text}`], { encoding: 'utf8' });
    let why = '';
    try {
      readActionText(text, context);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      why = error.why;
    }
    expect(why).toBe(/^ovs-ofctl: (.*)$/m.exec(stderr)?.[1]);
  });
});
