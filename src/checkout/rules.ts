import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { shellQuote } from '../common/shell-quote.ts';
import { type GitSetting, lastValue } from './configuration.ts';
import { Directory, unsafe } from './directory.ts';
import type { Git } from './git.ts';
import type { Location } from './locate.ts';

const maxBytes = 16 * 1024 * 1024;

/** OutsideRules on files of a checkout that stand outside of it. */
export interface OutsideRules {
  /** Ignore rules; gitignore(5). */
  excludes: Buffer;
  /** Attributes, of which later ones win; gitattributes(5). */
  attributes: Buffer;
}

/** A file of rules that configuration names, or that has its usual place. */
interface RuleFile {
  key: string;
  usual: string;
  what: string;
}

const excludesFile: RuleFile = { key: 'core.excludesFile', usual: 'ignore', what: 'ignore rules' };
const attributesFile: RuleFile = { key: 'core.attributesFile', usual: 'attributes', what: 'attributes' };

/**
 * Reads the rules that hold for a checkout beside its own, from where git looks for them.
 * @param git runs with no repository
 * @param settings the user's with the system's, and the repository's own
 * @throws CommandFailed, UnsafeRepository: without the rules, files would leave the host that the user keeps out
 */
export async function readRules(
  git: Git,
  location: Location,
  owners: ReadonlySet<number>,
  settings: { ofUser: readonly GitSetting[]; own: readonly GitSetting[] },
): Promise<OutsideRules> {
  const read = async (file: RuleFile) => {
    const key = file.key.toLowerCase();
    const own = lastValue(settings.own, key);
    if (own !== undefined) return readNamed(location, owners, file, await expandPath(git, file, own));
    const configured = lastValue(settings.ofUser, key);
    if (configured === undefined) return readFile(usualPath(file), file);
    const path = await expandPath(git, file, configured);
    // A hostile work tree may have a link there.
    return path.startsWith('/') ? readFile(path, file) : readNamed(location, owners, file, path);
  };
  // Versions of git that cannot tell have it where Linux distributions do.
  const system = (await git.text(['var', 'GIT_ATTR_SYSTEM'])) ?? '/etc/gitattributes';
  const attributes = [readFile(system, attributesFile), await read(attributesFile)];
  const newline = Buffer.from('\n');
  return {
    excludes: await read(excludesFile),
    attributes: Buffer.concat(
      attributes.filter((text) => text.length > 0).flatMap((text) => [text, newline]),
    ),
  };
}

function usualPath({ usual }: RuleFile): string {
  const { XDG_CONFIG_HOME, HOME = '/' } = process.env;
  return join(XDG_CONFIG_HOME || join(HOME, '.config'), 'git', usual);
}

/**
 * A file that the repository names: it has to be in the checkout or its git directory, or not be there.
 * @param path as git reads it: a relative one is in the work tree
 */
function readNamed(
  { top, common }: Location,
  owners: ReadonlySet<number>,
  { key }: RuleFile,
  path: string,
): Buffer {
  if (path === '') return Buffer.alloc(0);
  const absolute = resolve(top, path);
  for (const place of [top, common.path]) {
    if (!absolute.startsWith(`${place}/`)) continue;
    using directory = Directory.open(place, owners);
    const inside = Buffer.from(absolute.slice(place.length + 1)).toString('latin1');
    return directory.read(inside, maxBytes) ?? Buffer.alloc(0);
  }
  if (!existsSync(absolute)) return Buffer.alloc(0);
  throw unsafe(
    `${common.path}/config`,
    `names ${absolute} for ${key}, which is outside of the checkout`,
    `run \`git -C ${shellQuote(top)} config --unset ${key}\`, and if it is yours, \`git config --global ${key} ${shellQuote(absolute)}\``,
  );
}

/** A file of the user's, who may have it anywhere. */
function readFile(path: string, { key, what }: RuleFile): Buffer {
  const fail = (why: string, cause?: unknown) =>
    new BangerError('CommandFailed', `your own ${what} in ${path} cannot be read: ${why}`, {
      remedy: `correct ${key} in your git configuration`,
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

/** A path of a configuration, which may begin with `~/` or `~USER/`. */
async function expandPath(git: Git, { key }: RuleFile, value: string): Promise<string> {
  const text = Buffer.from(value, 'latin1').toString('utf8');
  if (!text.startsWith('~')) return text;
  const path = await git.text(['-c', `banger.path=${text}`, 'config', '--type=path', '--get', 'banger.path']);
  if (path !== undefined) return path;
  throw new BangerError(
    'CommandFailed',
    `${key} in the git configuration names ${text}, whose user is not known`,
    {
      remedy: 'correct it there',
    },
  );
}
