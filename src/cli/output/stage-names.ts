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
  nat: 'switching NAT',
  grow: 'growing the disks',
  'grow-guest': 'growing the file systems in the guest',
  queue: 'waiting for other VMs to boot',
  signal: 'sending the signal',
  'await-end': 'waiting for the VMM to end',
  settle: 'writing it down',
  'kernel-download': 'kernel: downloading the package',
  'kernel-unpack': 'kernel: unpacking',
  'kernel-modules': 'kernel: packing modules',
  'kernel-place': 'kernel: putting it in its place',
  'kernel-record': 'kernel: writing it down',
  'image-overlay': 'image: packing its own files',
  'image-bootstrap': 'image: preparing',
  'image-index': 'image: reading the package index',
  'image-download': 'image: downloading packages',
  'image-base': 'image: unpacking the base system',
  'image-packages': 'image: installing packages',
  'image-customize': 'image: customizing',
  'image-pack': 'image: packing',
  'image-check': 'image: checking',
  'image-place': 'image: putting it in its place',
  'image-record': 'image: writing it down',
  'workspace-read': 'workspace: reading the repository',
  'workspace-claim': 'workspace: making room in the guest',
  'workspace-pack': 'workspace: packing the history',
  'workspace-copy': 'workspace: copying files',
  'workspace-finish': 'workspace: finishing',
  'workspace-tools': 'workspace: starting its tools',
};

/** The words for a stage's code. */
export function stageText(code: string): string {
  return Object.hasOwn(names, code) ? (names[code] ?? code) : code;
}

/** The codes of all stages. */
export const stageCodes: readonly string[] = Object.keys(names);
