import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { stagedInstallation } from '../../support/stage.ts';
import type { UserName } from './commands.ts';
import type { TestHost } from './host.ts';

/** Not in /tmp, which is in memory. */
const directory = '/var/tmp/banger-stage';

/** Installs the checkout's build for a user, who runs the very script of `make install`; gives what that said. */
export function installFor(host: TestHost, name: UserName, prefix?: string): Promise<string> {
  return runStaged(host, name, 'install.sh', prefix);
}

/** Takes it away as `make uninstall` does. */
export function uninstallFor(host: TestHost, name: UserName, prefix?: string): Promise<string> {
  return runStaged(host, name, 'uninstall.sh', prefix);
}

/** What is installed from is in the host for the time of the script alone: what is installed must need no more. */
async function runStaged(host: TestHost, name: UserName, script: string, prefix?: string): Promise<string> {
  cpSync(await stagedInstallation(), host.path(directory), { recursive: true });
  try {
    const env = prefix === undefined ? {} : { PREFIX: prefix };
    const ended = await host.asUser(name, [`${directory}/${script}`], { env });
    assert.equal(ended.status, 0, `${script}: ${ended.stdout}${ended.stderr}`);
    return ended.stdout.toString();
  } finally {
    rmSync(host.path(directory), { recursive: true });
  }
}
