import { writeFile } from 'node:fs/promises';
import type { ProgramEnd, Supervised } from '../../supervise/supervisor.ts';
import type { RunningProgram } from '../../vmm/machine.ts';
import type { Work } from '../../work/work.ts';
import { record, type VmContext } from '../context.ts';
import { formatProgramName } from '../program.ts';
import { unitTraits } from '../unit.ts';
import type { Connected, DescribedMachine } from './machine.ts';

/** The program of a machine that has been started. */
export interface Launched {
  supervised: Supervised;
}

/** Starts the program of the VMM and has it boot the machine. */
export async function launch(context: Connected & DescribedMachine, work: Work): Promise<Launched> {
  const { host, id, files, driver, spec } = context;
  // Only what this boot says is of interest.
  for (const log of [files.console, files.vmmLog]) await writeFile(log, '', { mode: 0o600 });
  const vmm = await driver.program(spec);
  const program = context.attachment.wrap(vmm);
  const traits = unitTraits(context, spec, vmm);
  const supervised = await host.supervisor.start(formatProgramName(id), program, files.vmmLog, traits);
  record(context, { run: { program: supervised } });
  await whileItRuns({ ...context, supervised }, work, (running, signal) =>
    driver.boot(spec, running, signal),
  );
  record(context, { vmm: driver.name });
  return { supervised };
}

/** Does something that concerns the program, which may end in the meantime. */
export async function whileItRuns(
  context: VmContext & Launched,
  work: Work,
  act: (running: RunningProgram & { ended: Promise<ProgramEnd> }, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const signal = AbortSignal.any([work.signal, abort.signal]);
  const ended = context.host.supervisor.ended(context.supervised, signal);
  // It is cut off below, when nobody looks at it any more.
  ended.catch(() => undefined);
  try {
    await act({ ended, logFile: context.files.vmmLog }, signal);
  } finally {
    abort.abort();
  }
}
