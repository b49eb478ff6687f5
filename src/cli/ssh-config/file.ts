import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readFile, readlink, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BangerError, getProblem, getSystemCode } from '../../common/errors.ts';
import type { Made } from './edit.ts';

/** The user's configuration of ssh as it was found. */
export interface UserConfig {
  /** Where the file is, behind symbolic links, as those of a manager of dotfiles. */
  path: string;
  /** One character for each byte (latin1); nothing if there is no file. */
  text: string | undefined;
  /** What writing it will make. */
  makes: Made;
}

/** As many as the kernel follows. */
const maxLinks = 40;

/**
 * Reads the user's configuration of ssh.
 * @param path where ssh looks for it
 * @throws HostNotReady if it is no file or cannot be read
 */
export async function readConfig(path: string): Promise<UserConfig> {
  return await named(path, async () => {
    const target = await followLinks(path);
    const directory = await stat(dirname(target)).catch(unlessAbsent);
    if (directory && !directory.isDirectory()) throw new Error(`${dirname(target)} is not a directory`);
    const found = await stat(target).catch(unlessAbsent);
    if (!found) return { path: target, text: undefined, makes: directory ? 'file' : 'directory' };
    if (!found.isFile()) throw new Error('it is not a file');
    return { path: target, text: await readFile(target, 'latin1'), makes: 'nothing' };
  });
}

/**
 * Writes the configuration at once and whole; its mode and owner stay. What is made is the user's only.
 * @throws HostNotReady if it cannot be written
 */
export async function writeConfig({ path }: UserConfig, text: string): Promise<void> {
  await named(path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const present = await stat(path).catch(unlessAbsent);
    // A rename would not heed it, and neither would root.
    if (present && (present.mode & 0o200) === 0) throw new Error('it is read-only');
    const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(text, 'latin1');
        if (present) {
          const { uid, gid } = await file.stat();
          if (uid !== present.uid || gid !== present.gid) await file.chown(present.uid, present.gid);
          await file.chmod(present.mode & 0o7777);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

/** Removes the configuration, and its directory if that was made for it and is empty. @throws HostNotReady */
export async function removeConfig({ path }: UserConfig, made: Made): Promise<void> {
  await named(path, async () => {
    await rm(path);
    if (made !== 'directory') return;
    await rmdir(dirname(path)).catch((error: unknown) => {
      if (getSystemCode(error) !== 'ENOTEMPTY') throw error;
    });
  });
}

/** Finds where a file is or would be; unlike realpath(3) also for a link to what is not there. */
async function followLinks(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < maxLinks; links++) {
    const directory = await realpath(dirname(target)).catch(unlessAbsent);
    target = directory === undefined ? target : join(directory, basename(target));
    const found = await lstat(target).catch(unlessAbsent);
    if (!found?.isSymbolicLink()) return target;
    target = resolve(dirname(target), await readlink(target));
  }
  throw new Error('there are too many symbolic links');
}

function unlessAbsent(error: unknown): undefined {
  if (getSystemCode(error) !== 'ENOENT') throw error;
}

async function named<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new BangerError('HostNotReady', `${path} cannot be used: ${getProblem(error)}`, {
      remedy: 'correct that and try again',
    });
  }
}
