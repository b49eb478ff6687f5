// Starts a program as a daemon would and stays; the test kills it the hard way.
import { ProcessSupervisor } from '../../src/supervise/process.ts';

const [logFile = '', file = '', ...args] = process.argv.slice(2);
const supervised = await new ProcessSupervisor().start('banger-test', { file, args }, logFile);
process.stdout.write(`${JSON.stringify(supervised)}\n`);
setInterval(() => undefined, 1000);
