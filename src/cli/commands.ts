import type { CommandModule } from './command.ts';

/** One command by the words that call it. Its module is loaded only when it is called or explained. */
export interface CommandEntry {
  path: readonly [string, ...string[]];
  aliases?: readonly (readonly string[])[];
  summary: string;
  load(): Promise<CommandModule>;
}

/** What the first word of a command stands for. */
export const groups: Readonly<Record<string, string>> = {
  vm: 'Sandboxes: make them, work in them, stop and delete them',
  image: 'Images that sandboxes are made from',
  kernel: 'Kernels that sandboxes boot',
  config: 'The settings: where they are, what they say, whether they are sound',
  bench: 'Measure how fast this machine is at it',
  daemon: 'The bangerd of this user, which starts by itself when needed',
};

/** Every command there is. */
export const commands: readonly CommandEntry[] = [
  {
    path: ['vm', 'run'],
    summary: 'Make a sandbox and enter it, or run one command in it',
    load: () => import('./vm/run.ts'),
  },
  {
    path: ['vm', 'create'],
    summary: 'Make a sandbox and leave it running in the background',
    load: () => import('./vm/create.ts'),
  },
  { path: ['vm', 'start'], summary: 'Boot stopped VMs', load: () => import('./vm/start.ts') },
  { path: ['vm', 'stop'], summary: 'Power off running VMs', load: () => import('./vm/stop.ts') },
  {
    path: ['vm', 'restart'],
    summary: 'Power off VMs and boot them again',
    load: () => import('./vm/restart.ts'),
  },
  {
    path: ['vm', 'kill'],
    summary: 'End or freeze VMs at once, by a signal',
    load: () => import('./vm/kill.ts'),
  },
  {
    path: ['vm', 'set'],
    summary: 'Change CPUs, memory, disk size and NAT of VMs',
    load: () => import('./vm/set.ts'),
  },
  {
    path: ['vm', 'delete'],
    summary: 'Remove VMs with their disks',
    load: () => import('./vm/delete.ts'),
  },
  {
    path: ['vm', 'list'],
    aliases: [['vm', 'ls']],
    summary: 'List the VMs',
    load: () => import('./vm/list.ts'),
  },
  { path: ['vm', 'show'], summary: 'Show all about one VM', load: () => import('./vm/show.ts') },
  {
    path: ['vm', 'logs'],
    summary: 'Show what the console of a VM and its VMM said',
    load: () => import('./vm/logs.ts'),
  },
  {
    path: ['vm', 'ports'],
    summary: 'What listens in a guest, and how to reach it from here',
    load: () => import('./vm/ports.ts'),
  },
  { path: ['vm', 'stats'], summary: 'Show what VMs use', load: () => import('./vm/stats.ts') },
  { path: ['vm', 'ssh'], summary: 'Open a shell in a running VM', load: () => import('./vm/ssh.ts') },
  { path: ['vm', 'exec'], summary: 'Run one command in a running VM', load: () => import('./vm/exec.ts') },
  {
    path: ['vm', 'cp'],
    summary: 'Copy files between this host and a running VM',
    load: () => import('./vm/cp.ts'),
  },
  { path: ['image', 'list'], summary: 'List the images', load: () => import('./image/list.ts') },
  { path: ['image', 'show'], summary: 'Show all about one image', load: () => import('./image/show.ts') },
  {
    path: ['image', 'pull'],
    summary: 'Make an image of the catalog, with its kernel',
    load: () => import('./image/pull.ts'),
  },
  { path: ['image', 'delete'], summary: 'Remove images', load: () => import('./image/delete.ts') },
  { path: ['kernel', 'list'], summary: 'List the kernels', load: () => import('./kernel/list.ts') },
  { path: ['kernel', 'show'], summary: 'Show all about one kernel', load: () => import('./kernel/show.ts') },
  {
    path: ['kernel', 'pull'],
    summary: 'Make a kernel of the catalog',
    load: () => import('./kernel/pull.ts'),
  },
  { path: ['kernel', 'rm'], summary: 'Remove kernels', load: () => import('./kernel/rm.ts') },
  {
    path: ['ssh-config'],
    summary: 'Have ssh, scp, rsync and git reach VMs as NAME.vm',
    load: () => import('./ssh-config/command.ts'),
  },
  {
    path: ['doctor'],
    summary: 'Check that this machine can run sandboxes',
    load: () => import('./doctor.ts'),
  },
  {
    path: ['config', 'show'],
    summary: 'Show every setting and where it came from',
    load: () => import('./config/show.ts'),
  },
  {
    path: ['config', 'path'],
    summary: 'Print where the settings are',
    load: () => import('./config/path.ts'),
  },
  {
    path: ['config', 'check'],
    summary: 'Find what is wrong with the settings',
    load: () => import('./config/check.ts'),
  },
  {
    path: ['daemon', 'status'],
    summary: 'Show what the daemon is and where its files are',
    load: () => import('./daemon/status.ts'),
  },
  {
    path: ['daemon', 'socket'],
    summary: 'Print the path of the socket for HTTP',
    load: () => import('./daemon/socket.ts'),
  },
  {
    path: ['daemon', 'stop'],
    summary: 'End the daemon; running VMs continue',
    load: () => import('./daemon/stop.ts'),
  },
  {
    path: ['daemon', 'logs'],
    summary: 'Show what the daemon wrote down',
    load: () => import('./daemon/logs.ts'),
  },
  {
    path: ['bench', 'create'],
    summary: 'Measure how long a sandbox takes to be ready',
    load: () => import('./bench/create.ts'),
  },
  {
    path: ['completion'],
    summary: 'Print a script that completes commands and names in a shell',
    load: () => import('./completion/completion.ts'),
  },
  { path: ['version'], summary: 'Print the version', load: () => import('./version.ts') },
];

/** The command that these words call, and the words after its name. */
export function findCommand(
  words: readonly string[],
): { entry: CommandEntry; rest: readonly string[] } | undefined {
  for (const entry of commands) {
    for (const path of [entry.path, ...(entry.aliases ?? [])]) {
      if (path.every((word, index) => words[index] === word))
        return { entry, rest: words.slice(path.length) };
    }
  }
  return undefined;
}
