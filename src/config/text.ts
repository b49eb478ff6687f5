import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { getReason } from '../common/system-error.ts';

/** No configuration comes near it. */
const maxBytes = 64 * 1024;
const newline = 0x0a;

/**
 * The text of a configuration file; nothing if there is no such file.
 * @throws InvalidConfig if it is something else than a file with UTF-8 text of a sane size
 */
export async function readText(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    // Without waiting for somebody to write, if it is a FIFO.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (getSystemCode(error) === 'ENOENT') return nothingAt(path);
    throw new BangerError('InvalidConfig', `${path} cannot be read: ${getReason(error)}`, { cause: error });
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? 'a directory' : 'not a regular file';
      throw new BangerError('InvalidConfig', `${path} cannot be read: it is ${what}`);
    }
    if (stat.size > maxBytes) {
      throw new BangerError('InvalidConfig', `${path} has ${stat.size} bytes`, {
        remedy: `make it smaller than ${maxBytes} bytes`,
      });
    }
    return decode(await file.readFile(), path);
  } finally {
    await file.close();
  }
}

/** @throws InvalidConfig for a link to nothing, which is no absent configuration but a broken one */
async function nothingAt(path: string): Promise<undefined> {
  const stat = await lstat(path).catch(() => undefined);
  if (!stat) return undefined;
  throw new BangerError('InvalidConfig', `${path} is a link to nothing`, { remedy: 'correct or remove it' });
}

function decode(bytes: Buffer, path: string): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch (error) {
    // No character of several bytes has a newline in it.
    let line = 1;
    for (let start = 0; isText(bytes.subarray(start, endOfLine(bytes, start))); line++) {
      start = endOfLine(bytes, start) + 1;
    }
    throw new BangerError('InvalidConfig', `${path}:${line}: is not UTF-8 text`, { cause: error });
  }
}

function endOfLine(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(newline, start);
  return end < 0 ? bytes.length : end;
}

function isText(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
