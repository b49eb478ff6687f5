import type { Procedure } from '../common/steps.ts';
import { pullImageProcedure } from '../image/make.ts';
import type { JobKind } from '../job/jobs.ts';
import { pullKernelProcedure } from '../kernel/make.ts';
import { createProcedure } from '../vm/create.ts';
import { deleteProcedure } from '../vm/delete.ts';
import { killProcedure } from '../vm/kill.ts';
import { setProcedure } from '../vm/set.ts';
import { startProcedure } from '../vm/start.ts';
import { stopProcedure } from '../vm/stop.ts';
import { prepareProcedure } from '../workspace/prepare.ts';

/** The name of a procedure and of its steps, whatever they work on. */
export type NamedSteps = Pick<Procedure<never>, 'name'> & {
  readonly steps: readonly { readonly name: string }[];
};

/**
 * What each kind of job goes through, in order: every point at which the daemon may be killed has its name here. The
 * tests of crashes read it. A create may go on with a start, and a pull or create with the pulls that it needs.
 */
export const procedures: Readonly<Record<JobKind, readonly NamedSteps[]>> = {
  create: [createProcedure],
  start: [startProcedure],
  stop: [stopProcedure],
  restart: [stopProcedure, startProcedure],
  kill: [killProcedure],
  set: [setProcedure],
  delete: [deleteProcedure],
  workspace: [prepareProcedure],
  'pull-image': [pullImageProcedure],
  'pull-kernel': [pullKernelProcedure],
};
