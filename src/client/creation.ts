import type { Client, VmProperties, VmProxy } from './client.ts';
import type { OptionsOf } from './contract.ts';
import { followJob, type JobObserver } from './job.ts';

/** What CreateVM is asked for. */
export interface CreationRequest {
  /** One is made up where it is empty. */
  name: string;
  options: OptionsOf<'org.banger.Manager1', 'CreateVM'>;
}

/** Who is told how a VM is being made. */
export interface CreationObserver extends Omit<JobObserver, 'changed'> {
  /** There is a VM, which is not ready yet. It stays if its job fails, unless that takes it back. */
  made?(vm: VmProxy): void;
  /** What it will be is known. */
  described?(properties: VmProperties): void;
}

/**
 * Makes a VM and follows that to its end. Its properties are read once; what changes of them meanwhile is heard.
 * @returns its properties as they are at the end
 * @throws what CreateVM and its job fail with
 */
export async function requestVm(
  client: Client,
  { name, options }: CreationRequest,
  observer: CreationObserver,
  signal: AbortSignal,
): Promise<{ vm: VmProxy; properties: VmProperties }> {
  // A change may be heard before the properties are known that it belongs to; in its order, it is the newer either way.
  const changes = new Map<string, Partial<VmProperties>>();
  let made: { path: string; vm: VmProxy; properties: VmProperties | undefined } | undefined;
  const start = async () => {
    const [path, job] = await client.manager.call('CreateVM', name, options);
    const vm = client.vm(path);
    observer.made?.(vm);
    changes.delete(path);
    // A job that failed at once may have taken its VM with it; its own error is the one to tell.
    const properties = await vm.getAll().catch(() => undefined);
    if (properties) observer.described?.(properties);
    made = { path, vm, properties };
    return job;
  };
  const changed = (path: string, properties: Readonly<Record<string, unknown>>) =>
    void changes.set(path, { ...changes.get(path), ...properties });
  await followJob(client, start, { ...bound(observer), changed }, signal);
  if (!made) throw new Error('the job of CreateVM ended without a VM');
  const { path, vm } = made;
  const properties = made.properties ?? (await vm.getAll());
  return { vm, properties: { ...properties, ...changes.get(path) } };
}

/** The observer's methods, which may be a class's. */
function bound(observer: CreationObserver): Omit<JobObserver, 'changed'> {
  return {
    stage: (name, progress) => observer.stage?.(name, progress),
    cancelling: () => observer.cancelling?.(),
    end: (succeeded) => observer.end?.(succeeded),
  };
}
