import { copyFile, cp, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { digestFile } from '../artifact/digest.ts';
import {
  dropMaking,
  type Making,
  make,
  newMaking,
  openMaking,
  removeUnfinished,
  type Shelf,
  thenShelve,
} from '../artifact/making.ts';
import { BangerError } from '../common/errors.ts';
import { run } from '../common/exec.ts';
import { requirePrograms } from '../common/host-programs.ts';
import type { Log } from '../common/log.ts';
import { type JobRunner, jobUnit } from '../job/runner.ts';
import { Procedure } from '../work/steps.ts';
import type { Work } from '../work/work.ts';
import { bootstrapSquashfs, customizeScript, removeBootstrap } from './bootstrap.ts';
import { type ImageManifest, manifestName } from './manifest.ts';
import type { ImageRecipe, RecipeTool } from './recipe.ts';

const rootfsName = 'rootfs.squashfs';
/** A root with an init and sshd is far larger; an empty pipe makes a valid file system of some hundred bytes. */
const smallestRootfs = 10 * 1024 * 1024;

/** What the steps of making an image begin with. */
interface ImageMaking extends Making<ImageManifest> {
  readonly recipe: ImageRecipe;
  readonly runner: JobRunner;
}

/**
 * From a recipe to an image. A daemon that was killed leaves what the next one ends and removes, or has made all but
 * the record, which the next one writes.
 */
export const pullImageProcedure = thenShelve(
  new Procedure<ImageMaking>('pull-image')
    .step('image-overlay', packOverlay, dropMaking)
    .step('image-bootstrap', bootstrap)
    .step('image-check', check),
  'image',
);

/**
 * Makes an image from a recipe and puts it on its shelf. Takes about a minute and a gigabyte of the temporary
 * directory. The same recipe and packages give the same bytes.
 * @throws HostNotReady, CommandFailed, ImageDamaged, DiskFull, Timeout, Cancelled; then nothing is left
 */
export async function makeImage(
  recipe: ImageRecipe,
  shelf: Shelf<ImageManifest>,
  runner: JobRunner,
  work: Work,
): Promise<ImageManifest> {
  return await make(pullImageProcedure, { ...newMaking(shelf), recipe, runner }, work);
}

/** Sees to it that `makeImage` has its programs, before anything, such as the kernel, is downloaded. @throws HostNotReady */
export function requireImagePrograms(): void {
  requirePrograms('setpriv', 'unshare', 'mmdebstrap', 'tar2sqfs', 'tar', 'apt-get', 'apt-config');
}

/** Removes what a process that was killed left half made. No image may be in the making while this runs. */
export async function removeUnfinishedImages(
  parentDirectory: string,
  runner: JobRunner,
  log: Log,
): Promise<void> {
  await removeUnfinished(parentDirectory, log, (scratch) => removeBootstrap(scratch, runner));
}

async function bootstrap(making: ImageMaking, work: Work): Promise<void> {
  const { id, recipe, directory, scratch, runner } = making;
  const site = { job: jobUnit(work.job, id), scratch, runner };
  await bootstrapSquashfs(recipe, overlayIn(scratch), join(directory, rootfsName), site, work);
}

async function check(making: ImageMaking): Promise<{ manifest: ImageManifest }> {
  const { id, recipe, directory } = making;
  const rootfs = join(directory, rootfsName);
  const { digest, size } = await digestFile(rootfs);
  await checkSquashfs(rootfs, size);
  const manifest: ImageManifest = {
    id,
    name: recipe.name,
    distribution: recipe.distribution,
    architecture: recipe.architecture,
    kernel: recipe.kernel,
    size,
    digest,
    rootfs: rootfsName,
    format: 'squashfs',
    source: `recipe:${recipe.name}`,
    createdAt: new Date().toISOString(),
    init: recipe.init,
  };
  await writeFile(join(directory, manifestName), `${JSON.stringify(manifest, null, 2)}\n`, {
    mode: 0o600,
  });
  return { manifest };
}

function overlayIn(scratch: string): string {
  return join(scratch, 'overlay.tar');
}

/** A tar of what the recipe puts over the packages' files, owned by root whoever owns the recipe. */
async function packOverlay(making: ImageMaking, work: Work): Promise<void> {
  await openMaking(making);
  const { recipe, scratch } = making;
  const root = join(scratch, 'root');
  await cp(join(recipe.directory, 'files'), root, { recursive: true });
  for (const tool of recipe.tools) {
    const target = join(root, tool.target);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(toolPath(tool), target);
  }
  const script = await readFile(join(recipe.directory, 'customize.sh'), 'utf8');
  await writeFile(join(root, customizeScript), `${script}\nrm -f ${customizeScript}\n`);
  const modes = [
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go=rX',
    '--mtime=@0',
    '--sort=name',
  ];
  await run({
    file: 'tar',
    args: ['--create', '--file', overlayIn(scratch), ...modes, '--directory', root, '.'],
    timeoutMs: 120_000,
    signal: work.signal,
    endsWithParent: true,
  });
}

function toolPath(tool: RecipeTool): string {
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve(`${tool.package}/package.json`)), tool.file);
  } catch (error) {
    throw new BangerError('HostNotReady', `the npm package ${tool.package} is not installed`, {
      remedy: 'run `npm ci`',
      cause: error,
    });
  }
}

/** The superblock says how long the file system is (squashfs format 4.0); a file cut short is less than that. */
async function checkSquashfs(path: string, size: number): Promise<void> {
  await using file = await open(path, 'r');
  const { buffer } = await file.read(Buffer.alloc(96), 0, 96, 0);
  const whole = buffer.toString('latin1', 0, 4) === 'hsqs' && buffer.readBigUInt64LE(40) <= BigInt(size);
  if (!whole || size < smallestRootfs) {
    throw new BangerError('ImageDamaged', 'the root file system that was made is not whole', {
      remedy: 'try again',
    });
  }
}
