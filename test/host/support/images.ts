import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { preparedImages } from '../../support/guest-home.ts';
import { homeOf, type UserName } from './commands.ts';
import type { TestHost } from './host.ts';

/**
 * Puts the image and the kernel of the guest tests into a user's state, where the daemon adopts them when it starts
 * next. They are made first where the guest tests have not made them.
 */
export async function prepareImages(host: TestHost, name: UserName): Promise<void> {
  const { state: from } = await preparedImages();
  const state = `${homeOf(name)}/.local/state/banger`;
  // They are private, and so are their parents that are not there yet.
  await host.userSays(name, 'sh', '-c', 'umask 077 && mkdir -p .local/state/banger');
  for (const kind of ['images', 'kernels']) {
    for (const id of readdirSync(join(from, kind))) {
      const [source, target] = [join(from, kind, id), host.path(`${state}/${kind}/${id}`)];
      mkdirSync(target, { recursive: true });
      for (const file of readdirSync(source)) copyFileSync(join(source, file), join(target, file));
      if (!existsSync(join(target, 'manifest.json'))) throw new Error(`${source} has no manifest`);
    }
    await host.rootSays('chmod', '-R', 'u=rwX,go=', `${state}/${kind}`);
    await host.rootSays('chown', '-R', `${name}:${name}`, `${state}/${kind}`);
  }
}
