import type { ProgramEnd } from '../supervise/supervisor.ts';
import { lastWords } from '../vmm/end.ts';
import { getVm, type VmContext } from './context.ts';
import { forgetProgram } from './program.ts';

/** How much of what a VMM said last is repeated. */
const repeated = { lines: 2, length: 300 } as const;

/**
 * Records the end of a VM that nobody asked for. One whose guest powered off is stopped; one whose VMM failed has
 * that for its last error, which makes it a failed one.
 */
export async function recordEnd(context: VmContext, end: ProgramEnd): Promise<void> {
  const { host, id } = context;
  const { name } = getVm(context);
  if (end.clean) {
    host.log.info({ vm: id }, `${name} has ended: the VMM ${end.how}`);
    await forgetProgram(context);
    return;
  }
  const error = await failureOf(context, name, end);
  host.log.error({ vm: id }, `${name} has failed: ${error}`);
  await forgetProgram(context, error);
}

/** What failed, what it said last and where that is, and what to do. */
async function failureOf({ files }: VmContext, name: string, { how }: ProgramEnd): Promise<string> {
  const said = await lastWords(files.vmmLog, repeated.lines, repeated.length);
  const cause = `the VMM ${how} while the VM ran${said && `, and had said: ${said}`}`;
  return `${cause}; \`banger vm logs ${name}\` shows ${files.vmmLog} and the console, \`banger vm start ${name}\` boots it again`;
}
