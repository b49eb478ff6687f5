import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kernelFiles } from '../../../src/kernel/manifest.ts';
import { loadOrder, readModuleIndex } from '../../../src/kernel/modules.ts';
import { kernelRecipe } from '../../../src/kernel/recipe.ts';
import { bzImage } from '../bz-image.ts';
import { must } from './must.ts';

/** What a guest loads, by the names in src/kernel/initrd.ts. */
const modules = [
  ...['virtio_mmio', 'virtio_blk', 'overlay', 'squashfs', 'crc32c_intel', 'erofs'],
  ...['virtio_net', 'virtio_rng', 'virtio_console', 'vmw_vsock_virtio_transport'],
];
const version = '1';

/**
 * Makes an archive for apt with the packages that a kernel is made from: the kernel that is given, with the few
 * modules that a guest loads, so that a pull of it takes a second.
 * @param kernel the directory of a kernel that was made
 * @param busybox a static one
 * @returns a configuration for apt in which this archive is the only one
 */
export async function makeTinyArchive(
  kernel: string,
  release: string,
  busybox: string,
  scratch: string,
  directory: string,
): Promise<string> {
  const { suite, metapackage } = kernelRecipe('debian-bookworm');
  const image = `linux-image-${release}`;
  const packages = [
    { name: metapackage, depends: `${image} (= ${version})`, fill: () => Promise.resolve() },
    { name: image, depends: '', fill: (root: string) => fillKernel(kernel, release, scratch, root) },
    {
      name: 'busybox-static',
      depends: '',
      fill: async (root: string) => copy(busybox, join(root, 'bin/busybox')),
    },
  ];
  const index: string[] = [];
  for (const { name, depends, fill } of packages) {
    const root = join(scratch, name);
    await fill(root);
    const control = [
      `Package: ${name}`,
      `Version: ${version}`,
      'Architecture: amd64',
      'Maintainer: none',
      ...(depends ? [`Depends: ${depends}`] : []),
      'Description: for a test',
    ];
    write(join(root, 'DEBIAN/control'), `${control.join('\n')}\n`);
    const file = `pool/${name}_${version}_amd64.deb`;
    const deb = join(directory, file);
    mkdirSync(dirname(deb), { recursive: true });
    await must('dpkg-deb', ['--build', '--root-owner-group', '-Znone', root, deb]);
    index.push(
      [...control, `Filename: ${file}`, `Size: ${statSync(deb).size}`, `SHA256: ${sha256(deb)}`, ''].join(
        '\n',
      ),
    );
  }
  const packagesFile = 'main/binary-amd64/Packages';
  const dists = join(directory, 'dists', suite);
  write(join(dists, packagesFile), index.join('\n'));
  const list = join(dists, packagesFile);
  const head = [`Suite: ${suite}`, `Codename: ${suite}`, 'Components: main', 'Architectures: amd64'];
  const sums = [`SHA256:`, ` ${sha256(list)} ${statSync(list).size} ${packagesFile}`];
  write(join(dists, 'Release'), `${[...head, 'Date: Thu, 01 Jan 2026 00:00:00 UTC', ...sums].join('\n')}\n`);
  return await configureApt(directory, suite);
}

/** The archive is not signed, and is used on this machine alone. */
async function configureApt(directory: string, suite: string): Promise<string> {
  const at = (name: string) => join(directory, 'apt', name);
  mkdirSync(at('state/lists/partial'), { recursive: true });
  mkdirSync(at('cache/archives/partial'), { recursive: true });
  write(at('status'), '');
  write(at('sources.list'), `deb [trusted=yes] file:${directory} ${suite} main\n`);
  const settings = {
    'Dir::State': at('state'),
    'Dir::State::status': at('status'),
    'Dir::Cache': at('cache'),
    'Dir::Etc::SourceList': at('sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'APT::Architecture': 'amd64',
    'APT::Sandbox::User': '',
    'APT::Get::AllowUnauthenticated': 'true',
    'Acquire::AllowInsecureRepositories': 'true',
    'Acquire::Languages': 'none',
  };
  const path = at('apt.conf');
  write(
    path,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  );
  await must('env', [`APT_CONFIG=${path}`, 'apt-get', 'update']);
  return path;
}

async function fillKernel(kernel: string, release: string, scratch: string, root: string): Promise<void> {
  const vmlinux = join(kernel, kernelFiles.vmlinux);
  const compressed = join(scratch, 'vmlinux.lz4');
  await must('lz4', ['-l', '-q', '-f', vmlinux, compressed]);
  write(join(root, 'boot', `vmlinuz-${release}`), bzImage(readFileSync(compressed), statSync(vmlinux).size));
  const all = join(scratch, 'modules');
  await must('rdsquashfs', [
    '--quiet',
    '--unpack-path',
    '/',
    '--unpack-root',
    all,
    join(kernel, kernelFiles.modules),
  ]);
  const tree = join(root, 'lib/modules', release);
  for (const file of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    copy(join(all, file), join(tree, file));
  for (const file of loadOrder(await readModuleIndex(all), modules)) copy(join(all, file), join(tree, file));
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function write(path: string, data: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data);
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
