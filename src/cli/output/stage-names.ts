/** What the daemon's stages are called for people. A stage that is not here is shown by its code. */
const names: Readonly<Record<string, string>> = {
  image: 'looking for the image',
  identity: 'making keys',
  disks: 'making disks',
  files: 'checking files',
  network: 'connecting the network',
  seed: 'writing the seed',
  machine: 'choosing the VMM',
  launch: 'starting the VMM',
  connect: 'opening ssh',
  boot: 'booting the guest',
  ask: 'asking the guest to power off',
  wait: 'waiting for the guest to power off',
  force: 'ending the VMM',
  forget: 'removing the VM',
  record: 'writing it down',
  grow: 'growing the disks',
  'grow-guest': 'growing the file systems in the guest',
  queue: 'waiting for other VMs to boot',
  'kernel-download': 'kernel: downloading the package',
  'kernel-unpack': 'kernel: unpacking',
  'kernel-modules': 'kernel: packing modules',
  'image-index': 'image: reading the package index',
  'image-download': 'image: downloading packages',
  'image-base': 'image: unpacking the base system',
  'image-packages': 'image: installing packages',
  'image-customize': 'image: customizing',
  'image-pack': 'image: packing',
  'image-check': 'image: checking',
  'workspace-read': 'workspace: reading the repository',
  'workspace-pack': 'workspace: packing the history',
  'workspace-copy': 'workspace: copying files',
  'workspace-finish': 'workspace: finishing',
};

/** The words for a stage's code. */
export function stageText(code: string): string {
  return Object.hasOwn(names, code) ? (names[code] ?? code) : code;
}

/** The codes of all stages. */
export const stageCodes: readonly string[] = Object.keys(names);
