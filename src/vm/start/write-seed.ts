import { truncate, writeFile } from 'node:fs/promises';
import { getMessage } from '../../common/errors.ts';
import { knownHostsLine } from '../../ssh/known-hosts.ts';
import { syncedFiles } from '../../sync/files.ts';
import { getVm, type VmContext } from '../context.ts';
import { loadIdentity } from '../identity.ts';
import { writeSeed } from '../seed.ts';
import { recordWarnings } from '../warnings.ts';

/** What the start knows of the seed once it is written. */
export interface Seeded {
  /** Where the user's files begin in the seed, if any were configured. */
  filesAt: number | undefined;
  /** What was not done on the host as it was asked for. */
  warnings: string[];
}

/** Writes what the guest is told and given before it starts, and by which key its host is known. */
export async function seed(context: VmContext): Promise<Seeded> {
  const { host, id, files } = context;
  const { name } = getVm(context);
  const { machineId, hostKey } = await loadIdentity(files.identity);
  const { publicKey } = await host.userKey();
  await writeFile(files.knownHosts, knownHostsLine(id, hostKey.publicKey), { mode: 0o600 });
  const configured = await host.fileSync();
  const warnings: string[] = [];
  const synced = configured.length > 0 ? syncedFiles(configured, (text) => warnings.push(text)) : undefined;
  const { filesAt } = await writeSeed(
    files.seed,
    {
      hostname: name,
      machineId,
      hostKey,
      authorizedKeys: [publicKey],
      environment: { BANGER_VM: name },
    },
    synced,
  );
  recordWarnings(host, id, warnings);
  return { warnings, filesAt: synced && filesAt };
}

/** Keeps no second copy of the user's files once the guest has them, or will not get them. */
export async function dropUserFiles({
  host,
  id,
  files,
  filesAt,
}: VmContext & Partial<Seeded>): Promise<void> {
  if (filesAt === undefined) return;
  await truncate(files.seed, filesAt).catch((error: unknown) => {
    host.log.warn({ vm: id }, `the user's files stay in ${files.seed}: ${getMessage(error)}`);
  });
}
