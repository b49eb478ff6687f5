/**
 * A program that is used as Firecracker is, and boots guests in QEMU without hardware virtualisation. It takes the
 * command line and the requests of a version of Firecracker, answers as that does, and refuses what it would refuse.
 * See docs/testing.md. From the environment: BANGER_DOUBLE_VERSION, BANGER_DOUBLE_RECORD.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { ApiValidator } from '../validator.ts';
import { readCommandLine } from './command-line.ts';
import { Instance } from './instance.ts';
import { serveApi } from './server.ts';

const version = process.env.BANGER_DOUBLE_VERSION ?? '1.16.1';
const commandLine = readCommandLine(process.argv.slice(2));
const { id, socket } = commandLine;

/** A line of the log, which Firecracker writes to its standard output unless told another file. */
function log(text: string): void {
  if (!commandLine.logs) return;
  const line = `${new Date().toISOString()} [${id}:main] ${text}\n`;
  if (commandLine.logFile === undefined) process.stdout.write(line);
  else appendFileSync(commandLine.logFile, line);
}

if (commandLine.wrong !== undefined) {
  console.error(`Error: ParseArguments(${commandLine.wrong})`);
  // FcExitCode::ArgParsing
  process.exit(153);
}
if (commandLine.askedForVersion) {
  process.stdout.write(`Firecracker v${version}\n\n`);
  log('Firecracker exiting successfully. exit_code=0');
  process.exit(0);
}
log(`Running Firecracker v${version}`);
if (existsSync(socket)) {
  console.error(`Error: RunWithApi(FailedToBindSocket("${socket}"))`);
  process.exit(1);
}

const instance = new Instance({ id, version, log });
const minor = Number(version.split('.')[1]);
await serveApi({
  socket,
  instance,
  validator: new ApiValidator(minor),
  record: process.env.BANGER_DOUBLE_RECORD,
});
log(`Listening on API socket ("${socket}").`);
// Our parent ends as we do until it has become the machine. Without us nobody would rule that.
process.once('exit', () => {
  if (instance.hasStarted) process.kill(process.ppid, 'SIGKILL');
});
