import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { checkout, preparedImages } from '../guest-home.ts';
import { makeTinyArchive } from './archive.ts';
import { must } from './must.ts';
import { makeTinyRoot } from './root.ts';

/** An installation of banger of which everything takes a second: pulls, boots and copies. */
export interface TinyInstallation {
  /** All that belongs to it, but for node. */
  directory: string;
  /** The CLI. */
  banger: string;
  /** What the environment of the daemon needs besides. */
  env: NodeJS.ProcessEnv;
}

const own = join(checkout, 'test/support/tiny');
const busybox = '/bin/busybox';

/**
 * Makes the installation: the programs as they are built now, with the image `tiny` alone. What its image and kernel
 * are made of is taken from those of the guest tests, once.
 * @param name of its directory, which is made anew
 */
export async function tinyInstallation(name: string): Promise<TinyInstallation> {
  const parts = await makeParts((await preparedImages()).state);
  const directory = join(checkout, 'build/test/tiny', name);
  rmSync(directory, { recursive: true, force: true });
  const at = (...names: string[]) => join(directory, ...names);
  for (const name of ['bin', 'guest/images', 'tools']) mkdirSync(at(name), { recursive: true });
  await must('make', ['-s', '-C', checkout, 'build']);
  cpSync(join(checkout, 'build/bundle'), at('bundle'), { recursive: true });
  cpSync(join(checkout, 'build/host'), at('host'), { recursive: true });
  for (const piece of ['init', 'banger-init', 'agent', 'run', 'sync']) {
    copyFileSync(join(checkout, 'build/guest', piece), at('guest', piece));
  }
  cpSync(join(own, 'image'), at('guest/images/tiny'), { recursive: true });
  copyFileSync(join(own, 'mmdebstrap'), at('tools/mmdebstrap'));
  symlinkSync(join(parts, 'root.tar'), at('root.tar'));
  symlinkSync(realpathSync(join(checkout, 'node_modules')), at('node_modules'));
  for (const [launcher, program] of Object.entries({ banger: 'cli', bangerd: 'daemon' })) {
    const script = `#!/bin/sh\nexec '${process.execPath}' '${at('bundle', `${program}.cjs`)}' "$@"\n`;
    writeFileSync(at('bin', launcher), script, { mode: 0o755 });
  }
  const env = {
    PATH: `${at('tools')}:${process.env.PATH}`,
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
    APT_CONFIG: join(parts, 'archive/apt/apt.conf'),
  };
  return { directory, banger: at('bin/banger'), env };
}

/** What takes long, kept until what it is made of changes. */
async function makeParts(state: string): Promise<string> {
  const [rootfs = ''] = globSync(join(state, 'images/*/rootfs.squashfs'));
  const [manifest = ''] = globSync(join(state, 'kernels/*/manifest.json'));
  const kernel = join(manifest, '..');
  const digest = createHash('sha256').update(rootfs).update(manifest);
  for (const file of ['root.ts', 'archive.ts', '../bz-image.ts'])
    digest.update(readFileSync(join(own, file)));
  const all = join(checkout, 'build/test/tiny/parts');
  const directory = join(all, digest.digest('hex').slice(0, 16));
  const mark = join(directory, 'made');
  if (existsSync(mark)) return directory;
  rmSync(all, { recursive: true, force: true });
  const scratch = join(directory, 'scratch');
  mkdirSync(scratch, { recursive: true });
  const { release } = JSON.parse(readFileSync(manifest, 'utf8'));
  await makeTinyRoot(rootfs, busybox, join(scratch, 'image'), join(directory, 'root.tar'));
  await makeTinyArchive(kernel, release, busybox, join(scratch, 'kernel'), join(directory, 'archive'));
  rmSync(scratch, { recursive: true });
  writeFileSync(mark, '');
  return directory;
}
