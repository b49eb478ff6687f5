import { compare, timeProgram } from './measure.ts';
import type { Result } from './report.ts';
import { onStage } from './stage.ts';

const vms = 10;
const runs = 21;

/** `banger vm list` with ten VMs, from start to end, against a Node that does nothing and against busctl. */
export function benchVmList(): Promise<Result> {
  return onStage(async ({ banger, node, env, run }) => {
    for (let index = 0; index < vms; index++) run('vm', 'create', '--no-start', '--name', `bench-${index}`);
    const { bus_address: address }: { bus_address: string } = JSON.parse(run('daemon', 'status', '--json'));
    const manager = ['org.banger.Manager1', '/org/banger/Manager1', 'org.banger.Manager1'];
    const call = [`--address=${address}`, 'call', ...manager, 'ListVMs'];
    const comparisons = await compare(
      { name: 'banger vm list', run: () => timeProgram(banger, ['vm', 'list'], env) },
      [
        { name: 'node -e 0', run: () => timeProgram(node, ['-e', '0'], env) },
        { name: 'busctl call ListVMs', run: () => timeProgram('busctl', call, env) },
      ],
      runs,
      [2],
    );
    return {
      benchmark: 'vm list',
      conditions: { vms, ready: 'the program has ended', node: process.version },
      comparisons,
    };
  });
}
