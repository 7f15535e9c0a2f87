/** ovs-vsctl: asks and changes the switch's configuration database. */
import { vsctl } from '../cli/vsctl/vsctl.ts';
import { runProgram } from '../daemon/program.ts';
import { schemaToJson } from '../ovsdb/schema-types.ts';
import { openVswitch } from '../vswitchd/schema/index.ts';

void runProgram((program) => vsctl(program, schemaToJson(openVswitch)));
