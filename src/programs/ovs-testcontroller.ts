/** ovs-testcontroller: a controller for trying OpenFlow switches. */
import { testController } from '../cli/testcontroller/testcontroller.ts';
import { runProgram } from '../daemon/program.ts';

void runProgram(testController);
