import { removeTree } from '../common/remove-tree.ts';
import { Procedure } from '../work/steps.ts';
import type { VmContext } from './context.ts';
import { endProgram } from './program.ts';

/** From any VM to none. Nothing is undone: a delete that was cut short is finished by the next daemon. */
export const deleteProcedure = new Procedure<VmContext>('delete')
  .step('force', endProgram)
  .step('files', ({ files }) => removeTree(files.base.state, files.directory))
  .step('forget', ({ host, id }) => host.vms.remove(id));
