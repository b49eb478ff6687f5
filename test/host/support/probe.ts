import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runProgram, until } from '../../support/program.ts';
import type { TestHost } from './host.ts';

/** Where a test host has the probe. */
export const probe = '/usr/local/lib/probe/probe';

/** Compiles the program of probe.c for a test host. */
export async function installProbe(host: TestHost): Promise<void> {
  const build = mkdtempSync('/tmp/banger-probe-');
  try {
    const binary = join(build, 'probe');
    const source = join(import.meta.dirname, 'probe.c');
    const flags = ['-std=gnu11', '-O1', '-static', '-Wall', '-Wextra', '-Wshadow', '-Werror'];
    const compiled = await runProgram('gcc', [...flags, '-o', binary, source]);
    assert.equal(compiled.status, 0, compiled.stderr);
    await host.rootSays('install', '-d', dirname(probe));
    const copied = await runProgram('cp', [binary, host.path(probe)]);
    assert.equal(copied.status, 0, copied.stderr);
  } finally {
    rmSync(build, { recursive: true });
  }
}

/** The words of a probe, by what it tried. */
export function answersIn(text: string): Record<string, string> {
  const lines = text.split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => line.split(/: (?=[^:]*$)/)));
}

/**
 * Leaves out of some attempts the one at a 32-bit system call where the kernel has none: there it kills every program,
 * confined or not, so that nothing can be shown by it. @param say is told
 */
export async function possibleHere(
  host: TestHost,
  denied: Readonly<Record<string, string>>,
  say: (text: string) => void,
): Promise<Record<string, string>> {
  const { stderr } = await host.asUser('alice', [probe, '32-bit']);
  const { '32-bit': refusal, ...others } = denied;
  if (refusal === undefined || answersIn(stderr)['32-bit'] === 'granted') return denied;
  assert.match(stderr, /^32-bit: killed by signal 11$/m);
  say('this kernel has no 32-bit system calls, so that they are denied cannot be shown here');
  return others;
}

/** Shows that alice may do all of this where nothing confines her: a denial shows something only then. */
export async function assertGrantedOutside(host: TestHost, attempts: readonly string[]): Promise<void> {
  const bare = ['systemd-run', '--user', '--quiet', '--pipe', '--wait', '--slice=banger.slice', probe];
  const { stderr } = await host.asUser('alice', [...bare, ...attempts]);
  const refused = Object.entries(answersIn(stderr)).filter(([, answer]) => answer !== 'granted');
  assert.deepEqual(refused, []);
}

/** Starts a process of alice's that what is confined has nothing to do with. */
export async function startBystander(host: TestHost): Promise<{ pid: number; end(): Promise<void> }> {
  const running = host.startAsUser('alice', ['sleep', '1000']);
  let pid: number | undefined;
  await until('the bystander runs', async () => {
    pid = (await host.processes('alice')).find(({ args }) => args === 'sleep 1000')?.pid;
    return pid !== undefined;
  });
  return {
    pid: pid ?? 0,
    async end() {
      running.child.kill();
      await running.ended;
    },
  };
}
