import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cpio } from '../../../src/kernel/cpio.ts';
import { makeKernel } from '../../../src/kernel/make.ts';
import { kernelFiles } from '../../../src/kernel/manifest.ts';
import { kernelRecipe } from '../../../src/kernel/recipe.ts';

/** A guest that is the real kernel and nothing but a script: up in two seconds, and as hostile as the test wants. */
export interface TinyGuest {
  vmlinux: string;
  initrd: string;
}

/**
 * Makes a guest whose /init is the given part of a shell script, after devices and eth0 have been set up.
 * The kernel is made once and kept in the user's cache.
 * @param directory where the initrd is put
 */
export async function tinyGuest(directory: string, script: string): Promise<TinyGuest> {
  const kernel = await cachedKernel();
  const initrd = join(directory, 'initrd');
  const init = Buffer.from(`${setUp}\n${script}\npoweroff -f\n`);
  const entries = [{ name: 'init', mode: 0o100755, data: init }];
  writeFileSync(initrd, Buffer.concat([readFileSync(join(kernel, kernelFiles.initrd)), cpio(entries)]));
  return { vmlinux: join(kernel, kernelFiles.vmlinux), initrd };
}

const setUp = `#!/bin/busybox sh
export PATH=/bin
/bin/busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys
exec </dev/console >/dev/console 2>&1
for list in disks devices; do
  while read -r module; do insmod "/modules/$module.ko"; done <"/modules/$list"
done
for word in $(cat /proc/cmdline); do
  case $word in
    banger.probe) echo BANGER-PROBE ok; poweroff -f ;;
    banger.ip=*) address=\${word#*=} ;;
    banger.gw=*) gateway=\${word#*=} ;;
  esac
done
ip link set lo up
if [ -n "$address" ]; then
  while [ ! -e /sys/class/net/eth0 ]; do usleep 20000; done
  ip addr add "$address" dev eth0
  ip link set eth0 up
  ip route add default via "$gateway"
fi`;

async function cachedKernel(): Promise<string> {
  const kernels = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'banger-test', 'kernels');
  const made = () =>
    existsSync(kernels)
      ? readdirSync(kernels).find(
          (id) => existsSync(join(kernels, id, kernelFiles.manifest)) && !id.startsWith('.'),
        )
      : undefined;
  if (!made()) {
    const work = { signal: AbortSignal.timeout(5 * 60_000), stage: () => undefined };
    const shelf = { directory: kernels, record: () => undefined, forget: () => undefined };
    await makeKernel(kernelRecipe('debian-bookworm'), shelf, work);
  }
  return join(kernels, made() ?? '');
}
