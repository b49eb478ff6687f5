import { contract } from '../bus/contract.ts';
import { nameOnBus } from '../bus/errors.ts';
import { managerPath } from '../bus/interfaces.ts';
import type { ObjectTree } from '../bus/server.ts';
import type { Job } from '../job/jobs.ts';
import type { Vm } from '../store/vm.ts';
import { imageObject } from './image.ts';
import { jobObject } from './job.ts';
import { kernelObject } from './kernel.ts';
import { changesOfManager, managerObject } from './manager.ts';
import { imagePath, jobPath, kernelPath, vmPath } from './paths.ts';
import type { Services } from './services.ts';
import { propertiesFrom, vmObject } from './vm.ts';

/** Exports the domain on the bus and keeps the objects in step with it. */
export function exportServices(tree: ObjectTree, services: Services): void {
  const { vms, jobs, images, kernels, upkeep } = services;
  const addVm = (vm: Vm) => tree.add(vmPath(vm), 'org.banger.VM1', vmObject(services, vm.id));
  const addJob = (job: Job) => {
    tree.add(jobPath(job), 'org.banger.Job1', jobObject(job));
    tree.emit(managerPath, 'org.banger.Manager1', 'JobNew', jobPath(job));
  };
  const addImage = (id: string) =>
    tree.add(imagePath({ id }), 'org.banger.Image1', imageObject(images, images.get(id)));
  const addKernel = (id: string) =>
    tree.add(kernelPath({ id }), 'org.banger.Kernel1', kernelObject(kernels, kernels.get(id)));

  tree.add(managerPath, 'org.banger.Manager1', managerObject(services));
  for (const vm of vms.list()) addVm(vm);
  for (const image of images.list()) addImage(image.id);
  for (const kernel of kernels.list()) addKernel(kernel.id);
  for (const job of jobs.running) addJob(job);

  for (const property of contract['org.banger.Manager1'].changing) {
    changesOfManager(services)[property](() => tree.changed(managerPath, 'org.banger.Manager1', [property]));
  }
  images.on('added', addImage);
  images.on('removed', (id) => tree.remove(imagePath({ id })));
  kernels.on('added', addKernel);
  kernels.on('removed', (id) => tree.remove(kernelPath({ id })));
  vms.on('added', addVm);
  vms.on('changed', (vm, fields) => {
    tree.changed(vmPath(vm), 'org.banger.VM1', propertiesFrom(fields));
  });
  upkeep.stale.on('stale', (id, since, stopAt) =>
    tree.emit(vmPath({ id }), 'org.banger.VM1', 'Stale', since, stopAt),
  );
  vms.on('removed', (vm) => tree.remove(vmPath(vm)));
  jobs.on('added', addJob);
  jobs.on('changed', (job) =>
    tree.changed(jobPath(job), 'org.banger.Job1', contract['org.banger.Job1'].changing),
  );
  jobs.on('ended', (job, { result, code, message }) =>
    tree.emit(
      managerPath,
      'org.banger.Manager1',
      'JobRemoved',
      jobPath(job),
      result,
      code && nameOnBus(code),
      message,
    ),
  );
  jobs.on('removed', (job) => tree.remove(jobPath(job)));
}
