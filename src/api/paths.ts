import type { JobObject } from '../job/jobs.ts';

/** The object paths of what the daemon exports. Ids are of [a-z0-9], so they stand in paths as they are. */
export const vmPath = (vm: { id: string }): string => `/org/banger/vms/${vm.id}`;
export const imagePath = (image: { id: string }): string => `/org/banger/images/${image.id}`;
export const kernelPath = (kernel: { id: string }): string => `/org/banger/kernels/${kernel.id}`;
export const jobPath = (job: { number: number }): string => `/org/banger/jobs/${job.number}`;

/** The path of what a job works on; the root where that has no object. */
export function getObjectPath(object: JobObject): string {
  return object.kind === 'none' ? '/' : `/org/banger/${object.kind}s/${object.id}`;
}
