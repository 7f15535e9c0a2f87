/**
 * The commands of the reference's ovs-vswitchd that we do not have yet, so that asking for one gets a plain answer. A
 * command that comes to exist is taken out of this list; a test tells.
 */
const names = `
dpctl/ct-bkts dpctl/ct-del-limits
dpctl/ct-disable-tcp-seq-chk dpctl/ct-enable-tcp-seq-chk dpctl/ct-get-limits dpctl/ct-get-maxconns
dpctl/ct-get-nconns dpctl/ct-get-tcp-seq-chk dpctl/ct-set-limits dpctl/ct-set-maxconns dpctl/ct-stats-show
dpctl/dump-conntrack dpctl/flush-conntrack dpctl/ipf-get-status dpctl/ipf-set-disabled dpctl/ipf-set-enabled
dpctl/ipf-set-max-nfrags dpctl/ipf-set-min-frag`;

export const missingCommands: readonly string[] = names.split(/\s+/).filter((name) => name !== '');
