/**
 * Runs a program as the daemon runs one of a job, or ends what another has left. Usage: job.ts run NAME PROGRAM
 * ARGUMENT…, or job.ts end NAME.
 */
import { execute } from '../../../src/common/exec.ts';
import { UnitJobRunner } from '../../../src/systemd/job-runner.ts';

const [what, name = '', file = '', ...args] = process.argv.slice(2);
const runner = new UnitJobRunner();
if (what === 'end') await runner.end(name);
else {
  const command = {
    file,
    args,
    timeoutMs: 300_000,
    graceMs: 1_000,
    env: { ...process.env, EXTRA: 'a $b %h' },
  };
  const { status, stdout, stderr } = await execute({ ...runner.command(name, command), input: 'in\n' });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status;
}
