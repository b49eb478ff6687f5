import { getMessage } from '../common/errors.ts';
import { printable } from '../common/text.ts';
import { powerDown } from './powerdown.ts';

/**
 * What systemd runs when it stops the unit of a VM, see systemd.service(5), "ExecStop=": a user's `systemctl stop`, a
 * logout, the end of the host. bangerd may be gone by then.
 */
async function main(): Promise<void> {
  const [runtimeDirectory] = process.argv.slice(2);
  const mainPid = Number(process.env.MAINPID);
  if (!runtimeDirectory || !mainPid) throw new Error('usage: MAINPID=PID powerdown RUNTIME-DIRECTORY');
  await powerDown({ runtimeDirectory, mainPid, say });
}

/** For the journal. */
function say(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

// Whatever went wrong, systemd goes on with its own means.
void main()
  .catch((error: unknown) => say(getMessage(error)))
  .finally(() => process.exit(0));
