/**
 * The commands of the reference's ovs-vswitchd that we do not have yet, so that asking for one gets a plain answer. A
 * command that comes to exist is taken out of this list; a test tells.
 */
const names = `
dpctl/ipf-get-status dpctl/ipf-set-disabled dpctl/ipf-set-enabled
dpctl/ipf-set-max-nfrags dpctl/ipf-set-min-frag`;

export const missingCommands: readonly string[] = names.split(/\s+/).filter((name) => name !== '');
