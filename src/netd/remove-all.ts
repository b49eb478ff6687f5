import { readOwnLinks, removeLinks } from './links.ts';
import { Network } from './network.ts';
import { readSettings } from './settings.ts';

/** Takes away all that netd ever made, whoever has it and whatever runs on it: for when banger is removed. */
export async function removeAll(): Promise<void> {
  await removeLinks((await readOwnLinks()).map(({ name }) => name));
  // The rules go with the last bridge, and what forwards by netd's doing forwards no more.
  await new Network(readSettings).follow();
}
