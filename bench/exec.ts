import { spawnSync } from 'node:child_process';
import { compare, timeProgram } from './measure.ts';
import type { Result } from './report.ts';
import { onStage } from './stage.ts';

const runs = 15;
const vms = 10;

/**
 * `banger vm exec` of a program that does nothing, over the connection that sessions share, against ssh over
 * the very same one: running the program as banger does, and the word `true`, which the login shell does itself.
 */
export function benchExec(): Promise<Result> {
  return onStage(async ({ banger, env, run }) => {
    run('vm', 'create', '--name', 'bench');
    // A guest lets ssh in before it is through with its start, which is not to be measured.
    run('vm', 'exec', 'bench', '--', 'systemctl', 'is-system-running', '--wait');
    const { bus_address: address }: { bus_address: string } = JSON.parse(run('daemon', 'status', '--json'));
    const { id, accelerator }: { id: string; accelerator: string } = JSON.parse(
      run('vm', 'show', 'bench', '--json'),
    );
    const ssh = (...words: string[]) => ['-F', 'none', '-S', controlPathOf(address, id), 'bench', ...words];
    const comparisons = await compare(
      {
        name: 'banger vm exec true',
        run: () => timeProgram(banger, ['vm', 'exec', 'bench', '--', 'true'], env),
      },
      [
        { name: 'ssh /bin/true', run: () => timeProgram('ssh', ssh('/bin/true'), env) },
        { name: 'ssh true', run: () => timeProgram('ssh', ssh('true'), env) },
      ],
      runs,
    );
    return {
      benchmark: 'vm exec, warm',
      conditions: { accelerator, image: 'debian-bookworm', ready: 'the program has ended' },
      comparisons,
    };
  });
}

/** What starting the client costs, for what needs no daemon and for what asks one that runs. */
export function benchCliStart(): Promise<Result> {
  return onStage(async ({ banger, node, env, run }) => {
    const names = Array.from({ length: vms }, (_, index) => `bench-${index}`);
    for (const name of names) run('vm', 'create', '--no-start', '--name', name);
    const completing = ['__complete', '=', 'vm', 'show'];
    const offered = run(...completing);
    if (!names.every((name) => offered.includes(`${name}\t`))) throw new Error('no live names are completed');
    const idle = { name: 'node -e 0', run: () => timeProgram(node, ['-e', '0'], env) };
    const comparisons = [];
    for (const line of [['--help'], ['version'], ['completion', 'bash'], ['vm', 'list'], completing]) {
      const subject = { name: `banger ${line.join(' ')}`, run: () => timeProgram(banger, line, env) };
      comparisons.push(...(await compare(subject, [idle], runs)));
    }
    return { benchmark: 'CLI start', conditions: { vms, node: process.version }, comparisons };
  });
}

/** Where the daemon has sessions share a connection. */
function controlPathOf(address: string, id: string): string {
  const call = ['org.banger.Manager1', `/org/banger/vms/${id}`, 'org.banger.VM1', 'SSH'];
  const { stdout } = spawnSync('busctl', [`--address=${address}`, '--json=short', 'call', ...call], {
    encoding: 'utf8',
  });
  const [told] = JSON.parse(stdout).data;
  return told.control_path.data;
}
