import { createWriteStream, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execute } from '../../../src/common/exec.ts';
import { must } from './must.ts';

const libraries = 'usr/lib/x86_64-linux-gnu';
const sshd = 'usr/sbin/sshd';
const empty = ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'var/lib', 'etc/ssh', 'usr/bin', 'usr/lib64'];

/**
 * Makes a root of some megabytes as a tar: busybox, and sshd with its libraries and settings out of a Debian image.
 * @param rootfs the squashfs of the image
 * @param busybox a static one
 */
export async function makeTinyRoot(
  rootfs: string,
  busybox: string,
  scratch: string,
  tar: string,
): Promise<void> {
  const root = join(scratch, 'root');
  const at = (path: string) => join(root, path);
  const image = await readImage(rootfs);
  for (const path of empty) mkdirSync(at(path), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, at(name));
  await copyFile(busybox, at('usr/bin/busybox'));
  const applets = (await must(busybox, ['--list'])).split('\n');
  for (const applet of applets)
    if (applet && applet !== 'busybox') symlinkSync('busybox', at(`usr/bin/${applet}`));

  await image.copy(sshd, at(sshd));
  await image.copy('etc/ssh/sshd_config.d/00-banger.conf', at('etc/ssh/sshd_config'));
  const loader = 'ld-linux-x86-64.so.2';
  await image.copy(`${libraries}/${loader}`, at(`usr/lib64/${loader}`));
  const copied = new Set<string>();
  const copyNeeded = async (program: string): Promise<void> => {
    const said = await must('readelf', ['-d', program]);
    for (const [, name = ''] of said.matchAll(/\(NEEDED\).*\[(.+)\]/g)) {
      if (copied.has(name)) continue;
      copied.add(name);
      await image.copy(`${libraries}/${name}`, at(`${libraries}/${name}`));
      await copyNeeded(at(`${libraries}/${name}`));
    }
  };
  await copyNeeded(at(sshd));

  writeFileSync(at('etc/passwd'), 'root:*:0:0:root:/root:/bin/sh\nsshd:*:100:65534::/run/sshd:/bin/false\n');
  writeFileSync(at('etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  // An image of less than ten megabytes is refused as cut short.
  await must('dd', ['if=/dev/urandom', `of=${at('usr/ballast')}`, 'bs=1M', 'count=10', 'status=none']);
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  await must('tar', ['--create', '--file', tar, ...owner, '-C', root, '.']);
}

/** The files of a squashfs, links between them followed by one step. */
async function readImage(rootfs: string) {
  const described = await must('rdsquashfs', ['--describe', rootfs]);
  const links = new Map<string, string>();
  for (const [, path = '', target = ''] of described.matchAll(/^slink \/?(\S+) \d+ \d+ \d+ (\S+)$/gm)) {
    links.set(path, join(dirname(path), target));
  }
  return {
    async copy(path: string, to: string): Promise<void> {
      mkdirSync(dirname(to), { recursive: true });
      const args = ['--cat', links.get(path) ?? path, rootfs];
      const output = createWriteStream(to, { mode: 0o755 });
      const { status, stderr } = await execute({ file: 'rdsquashfs', args, timeoutMs: 30_000, output });
      if (status !== 0) throw new Error(`${basename(path)} is not in ${rootfs}: ${stderr}`);
    },
  };
}
