import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allPids, readVariable } from '../src/common/proc.ts';
import { makeDisk } from '../src/disk/make.ts';
import { waitReady } from '../src/guest/agent.ts';
import { QemuDriver } from '../src/vmm/qemu/driver.ts';
import { compare, timeProgram } from './measure.ts';
import type { Result } from './report.ts';
import { onStage, type Stage } from './stage.ts';

const runs = 5;
const readyTimeoutMs = 120_000;
const diskBytes = 8 * 1024 ** 3;

/** The command line of a VM's VMM and the files that it names. */
interface Model {
  argv: string[];
  /** The VM's lasting directory and the one of its sockets. */
  directory: string;
  runtime: string;
  seed: Buffer;
  accelerator: string;
  network: string;
}

/**
 * From `banger vm create` to its end, when the guest is ready, against the same QEMU with the same kernel,
 * command line, seed and equally new disks, started by nobody but us on QEMU's own network.
 */
export function benchCreateReady(): Promise<Result> {
  return onStage(async (stage) => {
    const model = modelOf(stage);
    const comparisons = await compare(
      { name: 'banger vm create', run: () => timeCreate(stage) },
      [{ name: 'bare QEMU', run: () => timeBare(model) }],
      runs,
      [1.1],
    );
    const { accelerator, network } = model;
    const image = 'debian-bookworm';
    const ready = 'the guest agent says so: sshd listens and eth0 is up';
    return {
      benchmark: 'create to ready',
      conditions: { vmm: 'qemu', accelerator, network, image, ready },
      comparisons,
    };
  });
}

function timeCreate({ banger, env, run }: Stage): number {
  const took = timeProgram(banger, ['vm', 'create', '--name', 'bench'], env);
  run('vm', 'delete', '--force', '--yes', 'bench');
  return took;
}

/** Makes a VM, notes how its VMM was started, and deletes it. */
function modelOf({ env, run }: Stage): Model {
  run('vm', 'create', '--name', 'model');
  const { id, accelerator, network } = JSON.parse(run('vm', 'show', 'model', '--json'));
  const mark = `banger-vm-${id}:`;
  const vmm = allPids().find((pid) => {
    const isOurs = readVariable(pid, 'BANGER_SUPERVISED')?.startsWith(mark);
    return isOurs && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('qemu');
  });
  if (vmm === undefined) throw new Error('the VMM of the model is not to be found');
  const argv = readFileSync(`/proc/${vmm}/cmdline`, 'utf8').split('\0').slice(0, -1);
  const directory = join(env.HOME ?? '', '.local', 'state', 'banger', 'vms', id);
  const seed = readFileSync(join(directory, 'seed.tar'));
  run('vm', 'delete', '--force', '--yes', 'model');
  return {
    argv,
    directory,
    runtime: join(env.XDG_RUNTIME_DIR ?? '', 'banger', 'vms', id),
    seed,
    accelerator,
    network,
  };
}

async function timeBare({ argv, directory, runtime, seed }: Model): Promise<number> {
  const scratch = mkdtempSync('/tmp/bb-');
  mkdirSync(join(scratch, 'run'));
  await makeDisk(join(scratch, 'system.ext4'), diskBytes, 'banger-system');
  await makeDisk(join(scratch, 'work.ext4'), diskBytes, 'banger-work');
  writeFileSync(join(scratch, 'seed.tar'), seed);
  const [file = '', ...args] = argv.map((word) =>
    word.startsWith('tap,id=net,')
      ? 'user,id=net,ipv6=off'
      : word.replaceAll(directory, scratch).replaceAll(runtime, join(scratch, 'run')),
  );
  const started = performance.now();
  const qemu = spawn(file, args, { stdio: 'ignore' });
  try {
    const connect = (signal: AbortSignal) =>
      QemuDriver.machine(join(scratch, 'run')).connectAgent('control', signal);
    await waitReady(connect, { timeoutMs: readyTimeoutMs });
    return performance.now() - started;
  } finally {
    qemu.kill('SIGKILL');
    if (qemu.exitCode === null && qemu.signalCode === null) await once(qemu, 'exit');
    rmSync(scratch, { recursive: true, force: true });
  }
}
