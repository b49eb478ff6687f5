import { stat, truncate } from 'node:fs/promises';
import { BangerError } from '../common/errors.ts';
import { foreignWords, printable } from '../common/text.ts';
import { readHead, readTail } from '../logs/tail.ts';

/** How much of the end of a console is looked at; a guest may write as much as it likes. */
const tailBytes = 64 * 1024;
/** How much of its beginning: what banger prints in a guest comes before anything else can. */
const headBytes = 64 * 1024;
/** How guest/init begins the one line in which it tells why it gave up. */
const fatalMark = 'BANGER-FATAL ';
/** How guest/banger-init and guest/sync begin the lines in which they tell what did not work. */
const warningMark = 'BANGER-WARNING ';

/** A console is cut when it is longer than this: a guest may write without end. */
const maxConsole = 8 * 1024 * 1024;

/** Empties a console that has grown too long. Its VMM appends to it, so it goes on at the beginning. */
export async function boundConsole(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > maxConsole) await truncate(path).catch(() => undefined);
}

/** Explains why a guest did not come up, as its console tells. @param otherwise what is said if it tells nothing */
export async function guestFailure(consoleFile: string, otherwise: string): Promise<BangerError> {
  const lines = (await readTail(consoleFile, tailBytes)).split(/\r?\n/);
  const fatal = lines.find((line) => line.includes(fatalMark));
  const said =
    fatal?.slice(fatal.indexOf(fatalMark) + fatalMark.length) ?? lines.findLast((line) => line.trim());
  const remedy = `read its console in ${consoleFile}`;
  if (fatal && said)
    return new BangerError('GuestFailed', 'the guest gave up', { details: printable(said, 300), remedy });
  const problem = said ? `${otherwise}, and its console ends with` : otherwise;
  return new BangerError('GuestFailed', problem, { details: foreignWords(said ?? '', 200), remedy });
}

/** What went wrong in a guest that came up nevertheless, as its console tells; nothing of it is trusted. */
export async function guestWarnings(consoleFile: string): Promise<string[]> {
  const lines = (await readHead(consoleFile, headBytes)).split('\n');
  return lines.flatMap((line) => {
    const at = line.indexOf(warningMark);
    return at < 0 ? [] : [`the guest says: ${printable(line.slice(at + warningMark.length).trimEnd(), 400)}`];
  });
}
