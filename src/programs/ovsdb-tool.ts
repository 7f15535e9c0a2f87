/** ovsdb-tool: makes, changes and looks into database files. */
import { ovsdbTool } from '../cli/ovsdb-tool/ovsdb-tool.ts';
import { runProgram } from '../daemon/program.ts';

void runProgram(ovsdbTool);
