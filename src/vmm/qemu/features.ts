import { statSync } from 'node:fs';
import { join } from 'node:path';
import { recall, remember } from '../../common/boot.ts';
import { BangerError } from '../../common/errors.ts';
import { execute } from '../../common/exec.ts';
import { machineArguments, sandboxOptions } from './arguments.ts';

export interface QemuFeatures {
  /** Whether it can restrict its own system calls. */
  sandbox: boolean;
}

const trialTimeoutMs = 10_000;

/**
 * Tries what this QEMU can do, by starting machines that run nothing; once per boot and program.
 * @param binary the absolute path of qemu-system-x86_64
 * @param runtimeDirectory a private directory for the finding
 * @throws HostNotReady if it is absent or cannot make our machine
 */
export async function qemuFeatures(binary: string, runtimeDirectory: string): Promise<QemuFeatures> {
  const stat = statSync(binary, { throwIfNoEntry: false });
  if (!stat) {
    throw new BangerError('HostNotReady', `${binary} is not there`, {
      remedy: 'install the package qemu-system-x86',
    });
  }
  const cache = {
    file: join(runtimeDirectory, 'qemu-features.json'),
    key: `${binary}:${stat.size}:${stat.mtimeMs}`,
    parse: parseFeatures,
  };
  const known = recall(cache);
  if (known) return known;
  const refusal = await trial(binary, []);
  if (refusal !== undefined) {
    throw new BangerError('HostNotReady', `${binary} cannot make a microvm: ${refusal}`);
  }
  const features = { sandbox: (await trial(binary, ['-sandbox', sandboxOptions])) === undefined };
  remember(cache, features);
  return features;
}

/** Starts a paused machine and has it end at once; gives QEMU's words if it refuses. */
async function trial(binary: string, extra: readonly string[]): Promise<string | undefined> {
  const outcome = await execute({
    file: binary,
    args: [
      ...machineArguments({ accelerator: 'tcg' }, { vcpus: 1, memoryBytes: 64 * 1024 * 1024 }),
      ...['-S', '-qmp', 'stdio'],
      ...extra,
    ],
    input: '{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n',
    timeoutMs: trialTimeoutMs,
  });
  return outcome.status === 0 ? undefined : (outcome.stderr.trim().split('\n').at(-1) ?? 'no reason given');
}

function parseFeatures(value: unknown): QemuFeatures | undefined {
  if (typeof value !== 'object' || value === null || !('sandbox' in value)) return undefined;
  return typeof value.sandbox === 'boolean' ? { sandbox: value.sandbox } : undefined;
}
