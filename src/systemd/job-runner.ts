import { readFileSync } from 'node:fs';
import { BangerError } from '../common/errors.ts';
import { type Command, execute } from '../common/exec.ts';
import type { JobRunner } from '../job/runner.ts';

const endTimeoutMs = 30_000;
/** More than a tree of packages in a temporary file system and what unpacks it take. */
const memoryMax = '4G';
const tasksMax = 512;
/** Variables of the daemon's own environment that its manager need not have. */
const passedOn = /^(PATH|LANG|LC_.*|APT_CONFIG|.*_proxy|.*_PROXY)$/;
/** The cgroup of a service of a user's manager, as /proc/self/cgroup has it. */
const userService = /^0::.*\/user@\d+\.service\/(?:.*\/)?([^/]+\.service)$/m;

/**
 * Runs a job's programs in units of their own, by systemd-run: the daemon's service has NoNewPrivileges, with which the
 * set-uid helpers of user namespaces do nothing. See docs/lifecycle.md.
 */
export class UnitJobRunner implements JobRunner {
  readonly #owner = ownUnit();

  command(name: string, command: Command): Command {
    const { file, args, timeoutMs, graceMs = 0, env = process.env } = command;
    const properties = {
      ...(this.#owner && { BindsTo: this.#owner, After: this.#owner }),
      RuntimeMaxSec: timeoutMs / 1000,
      TimeoutStopSec: graceMs / 1000,
      MemoryMax: memoryMax,
      TasksMax: tasksMax,
      OOMPolicy: 'stop',
    };
    const variables = Object.keys(env).filter((key) => env[key] !== process.env[key] || passedOn.test(key));
    return {
      ...command,
      file: 'systemd-run',
      args: [
        ...['--user', '--quiet', '--collect', '--pipe', '--wait', '--working-directory=/'],
        ...[`--unit=${unitOf(name)}`, '--slice=banger.slice', `--description=banger: ${file} of a job`],
        ...Object.entries(properties).map(([key, value]) => `--property=${key}=${value}`),
        // Its value is taken from the environment of systemd-run: arguments are for everybody to see.
        ...variables.map((variable) => `--setenv=${variable}`),
        // The manager expands variables in arguments, and systemd 252 cannot be told not to: a doubled $ is one.
        ...['--', file, ...args.map((argument) => argument.replaceAll('$', '$$$$'))],
      ],
      endsWithParent: true,
    };
  }

  async end(name: string): Promise<void> {
    // Nothing is to be saved of it, and what it leaves is removed by who calls this.
    await systemctl(['kill', '--signal=KILL', unitOf(name)]);
    const { status, stderr } = await systemctl(['stop', unitOf(name)]);
    // 5: there is no such unit (any more), see systemctl(1) and systemd.exec(5).
    if (status !== 0 && status !== 5) {
      throw new BangerError('Timeout', `${unitOf(name)} cannot be ended: ${stderr.trim()}`);
    }
  }
}

function unitOf(name: string): string {
  return `${name}.service`;
}

async function systemctl(args: readonly string[]) {
  return await execute({ file: 'systemctl', args: ['--user', ...args], timeoutMs: endTimeoutMs });
}

/** The unit that we are, with which a job's ends; nothing where somebody started us by hand. */
function ownUnit(): string | undefined {
  try {
    return userService.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
