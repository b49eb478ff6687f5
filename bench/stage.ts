import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The banger under measurement, with directories of its own. */
export interface Stage {
  /** The launcher of this checkout. */
  banger: string;
  /** The Node that it runs on, as a plain program. */
  node: string;
  env: NodeJS.ProcessEnv;
  /** Runs banger and gives its standard output. @throws Error if it fails */
  run(...args: string[]): string;
}

/**
 * Gives a body a banger whose state lies in build/bench, so that the image is made once and not for every
 * benchmark. Deletes its VMs and ends its daemon afterwards.
 */
export async function onStage<Result>(body: (stage: Stage) => Promise<Result>): Promise<Result> {
  const home = join(root, 'build', 'bench');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const runtime = mkdtempSync('/tmp/bb-');
  const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, XDG_RUNTIME_DIR: runtime };
  for (const name of ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'DBUS_SESSION_BUS_ADDRESS']) {
    delete env[name];
  }
  const banger = join(root, 'bin', 'banger');
  const run = (...args: string[]) => {
    const { status, stdout, error } = spawnSync(banger, args, {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`banger ${args.join(' ')} failed with status ${status}`);
    return stdout;
  };
  const clear = () => {
    const names = vmNames(run('vm', 'list', '--json'));
    if (names.length > 0) run('vm', 'delete', '--force', '--yes', ...names);
  };
  try {
    // What an interrupted run left is not to be measured.
    clear();
    return await body({ banger, node: process.execPath, env, run });
  } finally {
    clear();
    run('daemon', 'stop');
    rmSync(runtime, { recursive: true, force: true });
  }
}

/** The names in the output of `vm list --json`. */
function vmNames(json: string): string[] {
  const listed: unknown = JSON.parse(json);
  if (!Array.isArray(listed)) throw new TypeError('vm list --json did not print a list');
  return listed.map((vm: { name: string }) => vm.name);
}
