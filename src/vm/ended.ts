import { foreignWords } from '../common/text.ts';
import { lastWords, type MachineEnd } from '../vmm/end.ts';
import { getVm, type VmContext } from './context.ts';
import { forgetProgram } from './program.ts';

/** How much of what a VMM said last is repeated. */
const repeated = { lines: 2, length: 300 } as const;
/** How much of what a guest's kernel said of its panic. */
const panicLength = 300;

/**
 * Records the end of a VM that nobody asked for. One whose guest powered off is stopped; one whose VMM or guest failed
 * has that for its last error, which makes it a failed one.
 */
export async function recordEnd(context: VmContext, end: MachineEnd): Promise<void> {
  const { host, id, files } = context;
  const { name } = getVm(context);
  const failure = findGuestFailure(end);
  if (failure !== undefined) {
    const said = failure.said === undefined ? '' : `: ${failure.said}`;
    await recordFailure(context, `${failure.what} while the VM ran${said}`, 'the console');
  } else if (end.clean) {
    host.log.info({ vm: id }, `${name} has ended: the VMM ${end.how}`);
    await forgetProgram(context);
  } else {
    const said = await lastWords(files.vmmLog, repeated.lines, repeated.length);
    const cause = `the VMM ${end.how} while the VM ran${said && `, and had said: ${said}`}`;
    await recordFailure(context, cause, `${files.vmmLog} and the console`);
  }
}

/** Records that a VM does not run because of a failure. @param place what `vm logs` shows of it */
export async function recordFailure(context: VmContext, cause: string, place: string): Promise<void> {
  const { host, id } = context;
  const { name } = getVm(context);
  const error = `${cause}; \`banger vm logs ${name}\` shows ${place}, \`banger vm start ${name}\` boots it again`;
  host.log.error({ vm: id }, `${name} has failed: ${error}`);
  await forgetProgram(context, error);
}

/** Finds how a guest failed whose VMM did not: what happened, and what its kernel said of that, if it did. */
export function findGuestFailure({ guest }: MachineEnd): { what: string; said?: string } | undefined {
  if (guest?.kind === 'panic')
    return { what: "the guest's kernel panicked", said: foreignWords(guest.line, panicLength) };
  if (guest?.kind !== 'reset') return undefined;
  return { what: 'the guest reset its machine without a word, as by a triple fault,' };
}
