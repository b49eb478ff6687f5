import { messageOf } from '../common/errors.ts';
import { powerDown } from './powerdown.ts';

/**
 * What systemd runs when it stops the unit of a VM, see systemd.service(5), "ExecStop=": a user's `systemctl stop`, a
 * logout, the end of the host. bangerd may be gone by then. It also runs after a VMM has ended by itself, and is told
 * so by the absence of MAINPID.
 */
async function main(): Promise<void> {
  const [runtimeDirectory, vmmLog] = process.argv.slice(2);
  if (!runtimeDirectory || !vmmLog) throw new Error('usage: powerdown RUNTIME-DIRECTORY VMM-LOG');
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const { MAINPID } = process.env;
  await powerDown({ runtimeDirectory, vmmLog, mainPid: MAINPID ? Number(MAINPID) : undefined, say });
}

// Whatever went wrong, systemd goes on with its own means.
void main()
  .catch((error: unknown) => process.stdout.write(`${messageOf(error)}\n`))
  .finally(() => process.exit(0));
