import type { Client } from './client.ts';
import { listVms } from './listing.ts';

/** What a VM uses, as VM1.Stats tells it: what is not known is absent. */
export type Stats = Readonly<Record<string, number | undefined>>;

/** A VM and what it uses. */
export interface VmUsage {
  id: string;
  name: string;
  state: string;
  memory: number;
  stats: Stats;
}

/**
 * What VMs use just now, in the order of their names. One that was deleted in the meantime is left out.
 * @param paths the objects of these; all that run where absent
 */
export async function readUsage(client: Client, paths?: ReadonlySet<string>): Promise<VmUsage[]> {
  const listed = await listVms(client);
  const wanted = listed.filter(({ path, state }) => (paths ? paths.has(path) : isUp(state)));
  const usages = await Promise.all(
    wanted.map(async ({ path, name, id, state, memory }): Promise<VmUsage | undefined> => {
      try {
        return { id, name, state, memory, stats: numbersOf(await client.vm(path).call('Stats')) };
      } catch (error) {
        if (await isGone(client, path)) return undefined;
        throw error;
      }
    }),
  );
  return usages.filter((usage) => usage !== undefined);
}

function isUp(state: string): boolean {
  return state === 'running' || state === 'frozen';
}

async function isGone(client: Client, path: string): Promise<boolean> {
  const listed = await listVms(client);
  return !listed.some((vm) => vm.path === path);
}

function numbersOf(stats: Readonly<Record<string, unknown>>): Stats {
  return Object.fromEntries(
    Object.entries(stats).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
