import { BangerError } from '../../common/errors.ts';

/** What of a configuration is banger's: what stands between its markers, and what the older tool wrote. */
interface Parts {
  /** Everything else, unchanged. */
  rest: string;
  made: Made;
  /** The lines that the older tool wrote, without their line ends. */
  older: string[];
  /** The numbers of the lines that begin a `Host *.vm` of the user's own. */
  kept: number[];
}

/** What was not there before banger installed itself, and goes with it. */
export type Made = 'nothing' | 'file' | 'directory';

export interface Edit {
  text: string;
  /** As of `Parts`. */
  older: readonly string[];
  kept: readonly number[];
}

const begin = '# >>> banger ssh-config >>>';
const end = '# <<< banger ssh-config <<<';
const about =
  '# `banger ssh-config --uninstall` takes this away. It stands first because a Host ends only at the next.';
const madeLines: Readonly<Record<Exclude<Made, 'nothing'>, string>> = {
  file: '# banger made this file.',
  directory: '# banger made this file and its directory.',
};

const blank = '[ \\t\\r\\f]*';
/** The markers of ours, and those of the older tool, which named itself first in them. */
const beginPattern = new RegExp(`^${blank}#${blank}(>>>|BEGIN) banger\\b`, 'i');
const endPattern = new RegExp(`^${blank}#${blank}(<<<|END) banger\\b`, 'i');
const commentPattern = new RegExp(`^${blank}(#|\\n?$)`);
const blankPattern = new RegExp(`^${blank}\n?$`);
const blockPattern = new RegExp(`^${blank}(Host|Match)\\b`, 'i');
const anyVmPattern = new RegExp(
  `^${blank}Host([ \\t]+|${blank}=${blank})"?\\*\\.vm"?${blank}(#.*)?\\n?$`,
  'i',
);
const includePattern = new RegExp(`^${blank}Include\\b`, 'i');
/** A path of banger's own, such as that of its key or of its program. */
const ofBanger = /\/banger\/|\/bin\/banger\b/;

/**
 * Has a configuration of ssh include a file, whatever else stands in it.
 * @param text one character for each byte (latin1), so that all else stays as it is
 * @param made what is made for it; of a configuration that includes banger's file already, what was made then
 * @throws InvalidConfig if banger's markers in it are damaged
 */
export function install(text: string, include: string, made: Made): Edit {
  const { rest, made: madeBefore, ...found } = partsOf(text);
  const madeLine = madeBefore ?? made;
  const lineEnd = /^[^\n]*\r\n/.test(rest) ? '\r\n' : '\n';
  const lines = [begin, about, ...(madeLine === 'nothing' ? [] : [madeLines[madeLine]]), include, end];
  return { ...found, text: lines.map((line) => line + lineEnd).join('') + rest };
}

/**
 * Takes away what `install` and the older tool wrote.
 * @returns also what goes with it, if nothing else is left
 * @throws InvalidConfig if banger's markers are damaged
 */
export function uninstall(text: string): Edit & { made: Made } {
  const { rest, made = 'nothing', ...found } = partsOf(text);
  return { ...found, text: rest, made };
}

/** Checks whether a configuration includes a file for every host. */
export function includes(text: string, include: string): boolean {
  for (const line of text.split('\n')) {
    if (blockPattern.test(line)) return false;
    if (line.trim() === include) return true;
  }
  return false;
}

function partsOf(text: string): Omit<Parts, 'made'> & { made: Made | undefined } {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const parts: ReturnType<typeof partsOf> = { rest: '', made: undefined, older: [], kept: [] };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    let next = at + 1;
    if (endPattern.test(line)) throw damaged(at, 'has no beginning before it');
    if (beginPattern.test(line)) {
      next = fenceEnd(lines, at);
      const fence = lines.slice(at, next).map((each) => each.replace(/\r?\n$/, ''));
      if (fence[0] === begin) parts.made ??= madeOf(fence);
      else parts.older.push(...fence);
    } else if (anyVmPattern.test(line)) {
      const after = blockEnd(lines, at);
      const block = lines.slice(at, after);
      if (block.some((each) => !commentPattern.test(each) && ofBanger.test(each))) {
        parts.older.push(...block.map((each) => each.replace(/\r?\n$/, '')));
        next = after;
      } else {
        parts.kept.push(at + 1);
        parts.rest += line;
      }
    } else {
      parts.rest += line;
    }
    at = next;
  }
  return parts;
}

/** The line after the end marker that belongs to a beginning. @throws InvalidConfig if it is not to be found */
function fenceEnd(lines: readonly string[], first: number): number {
  for (let at = first + 1; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (endPattern.test(line)) return at + 1;
    if (beginPattern.test(line)) break;
    const isOurs = lines[first]?.trim() === begin ? isOfFence : isOfOlderFence;
    if (!isOurs(line, lines.slice(first, at))) {
      throw damaged(at, "stands between banger's markers and is not banger's", 'move it out of there');
    }
  }
  throw damaged(first, 'has no end after it');
}

/** Lines of a user's who took the markers for a place to write to are not to go with them. */
function isOfFence(line: string): boolean {
  return includePattern.test(line) || blankPattern.test(line) || /^[ \t]*#.*banger/.test(line);
}

/** The older tool wrote one block with options, or an Include. */
function isOfOlderFence(line: string, before: readonly string[]): boolean {
  if (blockPattern.test(line)) return anyVmPattern.test(line);
  return isOfFence(line) || commentPattern.test(line) || before.some((each) => anyVmPattern.test(each));
}

/** The line after the last option of a block: comments and blank lines after it may belong to the next. */
function blockEnd(lines: readonly string[], first: number): number {
  let last = first;
  for (let at = first + 1; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (blockPattern.test(line) || beginPattern.test(line) || endPattern.test(line)) break;
    if (!commentPattern.test(line)) last = at;
  }
  return last + 1;
}

function madeOf(fence: readonly string[]): Made {
  if (fence.includes(madeLines.directory)) return 'directory';
  return fence.includes(madeLines.file) ? 'file' : 'nothing';
}

function damaged(at: number, why: string, remedy = 'correct it and try again'): BangerError {
  return new BangerError('InvalidConfig', `line ${at + 1} of ssh's configuration ${why}`, { remedy });
}
