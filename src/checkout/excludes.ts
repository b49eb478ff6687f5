import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { Directory } from './directory.ts';

const maxBytes = 16 * 1024 * 1024;

/**
 * The user's own ignore rules, from where git looks for them; gitignore(5).
 * @param configured `core.excludesFile` of the user or the system; for git, too, a relative path is one in the work tree
 * @throws CommandFailed, UnsafeRepository: without the rules, files would leave the host that the user keeps out
 */
export function readUserExcludes(
  top: string,
  owners: ReadonlySet<number>,
  configured: string | undefined,
): Buffer {
  const { XDG_CONFIG_HOME, HOME = '/' } = process.env;
  if (configured === '') return Buffer.alloc(0);
  if (configured === undefined)
    return readFile(join(XDG_CONFIG_HOME || join(HOME, '.config'), 'git', 'ignore'));
  if (configured.startsWith('/')) return readFile(configured);
  // A hostile work tree may have a link there.
  using directory = Directory.open(top, owners);
  const inside = resolve('/', configured).slice(1);
  return directory.read(Buffer.from(inside).toString('latin1'), maxBytes) ?? Buffer.alloc(0);
}

/** A file of the user's, who may have it anywhere. */
function readFile(path: string): Buffer {
  const fail = (why: string, cause?: unknown) =>
    new BangerError('CommandFailed', `your own ignore rules in ${path} cannot be read: ${why}`, {
      remedy: 'correct core.excludesFile in your git configuration',
      cause,
    });
  let fd: number | undefined;
  try {
    // Before it is opened: opening a device may already do something.
    if (!statSync(path).isFile()) throw fail('it is not a file');
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(fd).size > maxBytes) throw fail(`it has more than ${maxBytes} bytes`);
    return readFileSync(fd);
  } catch (error) {
    const code = getSystemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return Buffer.alloc(0);
    throw error instanceof BangerError ? error : fail(code ?? 'unknown error', error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
