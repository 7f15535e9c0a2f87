/** ovsdb-tool: makes, changes and looks into database files. */
import { ovsdbTool } from '../cli/ovsdb-tool/ovsdb-tool.ts';
import { takeLockFile } from '../daemon/lock-file.ts';
import { runProgram } from '../daemon/program.ts';

await runProgram((program) => ovsdbTool(program, takeLockFile));
