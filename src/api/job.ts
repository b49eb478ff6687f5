import type { Implementation } from '../bus/server.ts';
import type { Job } from '../job/jobs.ts';
import { getObjectPath } from './paths.ts';

/** org.banger.Job1 */
export function jobObject(job: Job): Implementation<'org.banger.Job1'> {
  return {
    methods: { Cancel: () => job.cancel() },
    properties: {
      Kind: () => job.kind,
      Stage: () => job.stageName,
      Progress: () => job.progress,
      Object: () => getObjectPath(job.object),
      State: () => job.state,
      Cancelable: () => job.cancelable && job.state === 'running',
    },
  };
}
