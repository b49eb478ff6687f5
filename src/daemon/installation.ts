import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { noDebugger } from '../common/program.ts';
import type { HelperProgram } from '../vm/context.ts';

/** Where the parts of this installation are that are not JavaScript. */
export interface Installation {
  /** What runs inside guests. */
  guest: string;
  /** The helpers of this host. */
  host: string;
}

/** What ends a guest gently without the daemon: a bundle beside ours, or in a checkout its source. */
export function powerDownProgram(programDirectory = import.meta.dirname): HelperProgram {
  const node = process.execPath;
  const bundle = join(programDirectory, 'powerdown.cjs');
  if (existsSync(bundle)) return { file: node, args: [noDebugger, bundle], files: [node, bundle] };
  const sources = join(programDirectory, '..');
  return {
    file: node,
    args: [noDebugger, join(sources, 'powerdown/main.ts')],
    // Node looks into package.json for how to take a source.
    files: [node, sources, join(sources, '../package.json')],
  };
}

/**
 * Finds the parts that `make build` compiled: beside the program when it is a bundle, in build/ of the
 * checkout when it is its source.
 * @throws HostNotReady if they were not built
 */
export function findInstallation(programDirectory = import.meta.dirname): Installation {
  for (let directory = programDirectory; directory !== dirname(directory); directory = dirname(directory)) {
    for (const base of [directory, join(directory, 'build')]) {
      const installation = { guest: join(base, 'guest'), host: join(base, 'host') };
      // Of the sources, guest/ and host/ have these names too.
      if (existsSync(join(installation.host, 'tsc-khz'))) return installation;
    }
  }
  throw new BangerError('HostNotReady', 'the guest agent and the helpers were not built', {
    remedy: 'run `make build` in the checkout',
  });
}
