import { Typed } from '../bus/values.ts';
import type { UnitSpec } from '../supervise/units.ts';
import type { Property } from './properties.ts';

/** CLONE_NEW* of clone(2): what netns-exec makes, and the sandbox of slirp4netns. */
const namespaces = { mount: 0x0002_0000, user: 0x1000_0000, network: 0x4000_0000 } as const;
/** Mount with all that is mounted below: MS_REC of mount(2). */
const recursive = 0x4000;
/** errno(3). */
const notPermitted = 1;

/**
 * Directories that hold files of people and sockets of services. Each is covered by an empty one that cannot be written,
 * which ProtectHome and PrivateTmp would be.
 */
const hiddenEverywhere: readonly string[] = [
  '/home',
  '/root',
  '/run',
  '/tmp',
  '/var/tmp',
  '/mnt',
  '/media',
  '/srv',
];
/** What slirp4netns reads below them: resolv.conf is a link into one of these on most hosts. */
const nameServices: readonly string[] = ['/run/systemd/resolve', '/run/resolvconf', '/run/NetworkManager'];
/** What a machine needs of /dev beside what every program has. */
const devices: readonly string[] = ['/dev/kvm', '/dev/net/tun'];

/** System calls that neither QEMU nor what sets up its network makes, and that the kernel would grant. */
const deniedCalls: readonly string[] = [
  '@clock',
  '@cpu-emulation',
  '@debug',
  '@keyring',
  '@module',
  '@obsolete',
  '@raw-io',
  '@reboot',
  '@swap',
  'bpf',
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
  'userfaultfd',
];

/**
 * Keeps a program from what it does not need: a hostile guest that has taken over its VMM should find nothing.
 * Each option is held by a denied access in test/host/confinement.test.ts; docs/units.md has those that were given up.
 */
export function confinement(
  { writable, readable, hidden }: UnitSpec['files'],
  isInHostNetwork: boolean,
): Property[] {
  // A VMM on the host's network needs a tap, which is a file, and no namespace to make one in.
  const families = isInHostNetwork ? ['AF_UNIX'] : ['AF_UNIX', 'AF_INET', 'AF_INET6', 'AF_NETLINK'];
  const allowed = isInHostNetwork ? 0 : namespaces.mount | namespaces.user | namespaces.network;
  return [
    ['PrivateUsers', new Typed('b', true)],
    ['NoNewPrivileges', new Typed('b', true)],
    ['ProtectSystem', new Typed('s', 'strict')],
    ['PrivateDevices', new Typed('b', true)],
    [
      'TemporaryFileSystem',
      new Typed(
        'a(ss)',
        [...new Set([...hiddenEverywhere, ...hidden])].map((path) => [path, 'ro']),
      ),
    ],
    ['BindPaths', binds([...writable.map(required), ...devices.map(optional)])],
    ['BindReadOnlyPaths', binds([...readable.map(required), ...nameServices.map(optional)])],
    ['ProtectControlGroups', new Typed('b', true)],
    ['RestrictNamespaces', new Typed('t', allowed)],
    ['RestrictAddressFamilies', new Typed('(bas)', [true, families])],
    ['SystemCallArchitectures', new Typed('as', ['native'])],
    ['SystemCallFilter', new Typed('(bas)', [false, deniedCalls])],
    ['SystemCallErrorNumber', new Typed('i', notPermitted)],
    ['LockPersonality', new Typed('b', true)],
    ['RestrictSUIDSGID', new Typed('b', true)],
  ];
}

interface Bind {
  path: string;
  mayBeAbsent: boolean;
}

const required = (path: string): Bind => ({ path, mayBeAbsent: false });
const optional = (path: string): Bind => ({ path, mayBeAbsent: true });

function binds(all: readonly Bind[]): Typed {
  return new Typed(
    'a(ssbt)',
    all.map(({ path, mayBeAbsent }) => [path, path, mayBeAbsent, recursive]),
  );
}
