import { removeTree } from '../common/remove-tree.ts';
import type { Procedure } from '../common/steps.ts';
import type { VmContext } from './context.ts';
import { forceStep } from './stop.ts';

/** From any VM to none. Nothing is undone: a delete that was cut short is finished by the next daemon. */
export const deleteProcedure: Procedure<VmContext> = {
  name: 'delete',
  steps: [
    forceStep,
    {
      name: 'files',
      async run({ files }) {
        await removeTree(files.base.state, files.directory);
      },
    },
    {
      name: 'forget',
      run({ host, id }) {
        host.vms.remove(id);
      },
    },
  ],
};
