import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { preparedImages } from '../../support/guest-home.ts';
import { preparedTinyImages, wholeGuests } from '../../support/tiny/home.ts';
import { homeOf, type UserName } from './commands.ts';
import type { TestHost } from './host.ts';

/**
 * What the guests of a user are made of: all of Debian; or busybox and sshd, which are up in a few seconds, by the name of
 * the image that VMs have where none is named; or both, of which these are then the image `tiny`.
 */
export type GuestKind = 'full' | 'tiny' | 'both';

/**
 * Puts images and the kernel of the guest tests into a user's state, where the daemon adopts them when it starts next.
 * They are made first where the guest tests have not made them.
 */
export async function prepareImages(
  host: TestHost,
  name: UserName,
  chosen: GuestKind = 'full',
): Promise<void> {
  const guests = chosen === 'tiny' && wholeGuests ? 'full' : chosen;
  const { state } = await preparedImages();
  await copyArtifacts(host, name, 'kernels', join(state, 'kernels'));
  if (guests !== 'tiny') await copyArtifacts(host, name, 'images', join(state, 'images'));
  if (guests !== 'full') {
    const called = guests === 'tiny' ? 'debian-bookworm' : 'tiny';
    const tiny = await preparedTinyImages();
    await copyArtifacts(host, name, 'images', join(tiny.state, 'images'), called);
  }
}

/** @param rename what all of them are called from now on; what they are called already where absent */
async function copyArtifacts(
  host: TestHost,
  name: UserName,
  kind: 'images' | 'kernels',
  from: string,
  rename?: string,
): Promise<void> {
  const state = `${homeOf(name)}/.local/state/banger`;
  // They are private, and so are their parents that are not there yet.
  await host.userSays(name, 'sh', '-c', 'umask 077 && mkdir -p .local/state/banger');
  for (const id of readdirSync(from)) {
    const [source, target] = [join(from, id), host.path(`${state}/${kind}/${id}`)];
    mkdirSync(target, { recursive: true });
    for (const file of readdirSync(source)) copyFileSync(join(source, file), join(target, file));
    const manifest = join(target, 'manifest.json');
    if (!existsSync(manifest)) throw new Error(`${source} has no manifest`);
    if (rename === undefined) continue;
    const told: Record<string, unknown> = JSON.parse(readFileSync(manifest, 'utf8'));
    writeFileSync(manifest, JSON.stringify({ ...told, name: rename }));
  }
  await host.rootSays('chmod', '-R', 'u=rwX,go=', `${state}/${kind}`);
  await host.rootSays('chown', '-R', `${name}:${name}`, `${state}/${kind}`);
}
