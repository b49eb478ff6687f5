import type { CommandType } from '../../src/cli/command.ts';
import { type CommandEntry, commands } from '../../src/cli/commands.ts';
import { explained } from '../../src/cli/help.ts';
import type { Block, Page, Section } from './roff.ts';

/** What stands in the foot of every page. */
export interface Edition {
  version: string;
  /** ISO 8601, or empty. */
  date: string;
}

/** The pages of banger: one for all of it, one for each command, one for each daemon. */
export async function manualPages(edition: Edition): Promise<Page[]> {
  const of = (name: string, section: number, sections: Section[]): Page => ({
    name,
    section,
    source: `banger ${edition.version}`,
    date: edition.date,
    sections,
  });
  const ofCommands = await Promise.all(
    commands.map(async (entry) => {
      const { default: type } = await entry.load();
      return of(pageOf(entry), 1, commandSections(entry, type));
    }),
  );
  return [
    of('banger', 1, programSections()),
    of('bangerd', 8, daemonSections()),
    of('banger-netd', 8, netdSections()),
    ...ofCommands,
  ];
}

/** The name of a command's page, as git's and systemd's are made. */
function pageOf({ path }: CommandEntry): string {
  return ['banger', ...path].join('-');
}

function commandSections(entry: CommandEntry, type: CommandType): Section[] {
  const { synopsis, details = [], examples } = type.help;
  const aliases = (entry.aliases ?? []).map((alias) => ['banger', ...alias].join(' '));
  return [
    { heading: 'NAME', body: [text(`${pageOf(entry)} - ${lowerFirst(entry.summary)}`)] },
    { heading: 'SYNOPSIS', body: [text(['banger', ...entry.path, synopsis].join(' ').trim())] },
    {
      heading: 'DESCRIPTION',
      body: [
        text(`${entry.summary}.`),
        ...(aliases.length > 0 ? [text(`Also called as ${aliases.join(', ')}.`)] : []),
        ...details.map(text),
      ],
    },
    {
      heading: 'OPTIONS',
      body: [
        ...explained(type).map(([term, meaning]): Block => ({ kind: 'term', term, text: `${meaning}.` })),
        { kind: 'term', term: '-h, --help', text: 'Print a help.' },
      ],
    },
    {
      heading: 'EXAMPLES',
      body: examples.map(([about, line]): Block => ({ kind: 'example', about, line: `banger ${line}` })),
    },
    { heading: 'SEE ALSO', body: [text('banger(1), bangerd(8)')] },
  ];
}

function programSections(): Section[] {
  return [
    { heading: 'NAME', body: [text('banger - a real Linux VM for a task, in one command')] },
    { heading: 'SYNOPSIS', body: [text('banger COMMAND [OPTIONS]')] },
    {
      heading: 'DESCRIPTION',
      body: [
        text(
          'banger runs a real Linux VM per task: its own kernel, a persistent /root, Docker inside, and a copy of a repository at /root/repo. It needs no privileges. The VMs belong to bangerd(8), which starts by itself.',
        ),
      ],
    },
    {
      heading: 'COMMANDS',
      body: commands.map(
        (entry): Block => ({
          kind: 'term',
          term: `${pageOf(entry)}(1)`,
          text: `${entry.summary}.`,
        }),
      ),
    },
    {
      heading: 'EXIT STATUS',
      body: [
        text(
          '0 done, 1 failed, 2 wrong usage, 130 interrupted. vm run, exec and ssh pass on the status of the command in the VM: 128+n if a signal ended it, and 125 for a failure of banger itself.',
        ),
      ],
    },
    {
      heading: 'FILES',
      body: [
        {
          kind: 'term',
          term: '~/.config/banger/config.toml',
          text: 'The settings; banger config show tells them all.',
        },
        {
          kind: 'term',
          term: '~/.local/state/banger/',
          text: 'VMs with their disks, images, kernels, the database.',
        },
        { kind: 'term', term: '~/.cache/banger/', text: 'What can be made again at any time.' },
        { kind: 'term', term: '$XDG_RUNTIME_DIR/banger/', text: 'Sockets and locks.' },
      ],
    },
    {
      heading: 'EXAMPLES',
      body: [
        { kind: 'example', about: 'A clean sandbox and a shell in it', line: 'banger vm run' },
        {
          kind: 'example',
          about: 'The tests of a repository, in a VM that is deleted afterwards',
          line: 'banger vm run --rm ./repo -- make test',
        },
      ],
    },
    { heading: 'SEE ALSO', body: [text('bangerd(8), ssh(1), systemd(1), busctl(1)')] },
  ];
}

function daemonSections(): Section[] {
  return [
    { heading: 'NAME', body: [text('bangerd - the service that owns the VMs of a user')] },
    { heading: 'SYNOPSIS', body: [text('bangerd'), text('bangerd.service'), text('bangerd.socket')] },
    {
      heading: 'DESCRIPTION',
      body: [
        text(
          'bangerd owns the name org.banger.Manager1 on the session bus of a user and ends when it is idle. The bus, or a connection to its socket, starts it; nobody has to call it. It takes no options.',
        ),
        text(
          'Each VM is a service of its own, banger-vm-ID.service in banger.slice, and goes on while bangerd is restarted or upgraded. Stopping such a service powers the guest off.',
        ),
        text(
          'SIGTERM ends it, SIGHUP has it read its settings again. Where there is no session bus, banger(1) starts one for it.',
        ),
      ],
    },
    {
      heading: 'SEE ALSO',
      body: [text('banger(1), banger-daemon-status(1), banger-daemon-logs(1), systemctl(1), busctl(1)')],
    },
  ];
}

function netdSections(): Section[] {
  return [
    { heading: 'NAME', body: [text('banger-netd - bridges, taps and names for the VMs of users')] },
    { heading: 'SYNOPSIS', body: [text('banger-netd.service'), text('banger-netd --remove-all')] },
    {
      heading: 'DESCRIPTION',
      body: [
        text(
          'banger-netd owns the name org.banger.Network1 on the system bus, which starts it. polkit decides who may call it, with the action org.banger.network.configure: members of the group banger and local sessions, unless a rule says otherwise. Each user gets a bridge with a network of his own, taps on it, and a resolver.',
        ),
        text(
          'Bridges and guests go on while it is restarted or upgraded. It ends when nothing is granted any more.',
        ),
      ],
    },
    {
      heading: 'OPTIONS',
      body: [
        {
          kind: 'term',
          term: '--remove-all',
          text: 'Remove all bridges, taps, resolvers and rules of all users, whatever runs on them.',
        },
      ],
    },
    {
      heading: 'FILES',
      body: [
        {
          kind: 'term',
          term: '/etc/banger/netd.toml',
          text: 'The network that users get parts of, and limits.',
        },
      ],
    },
    { heading: 'SEE ALSO', body: [text('banger(1), bangerd(8), polkit(8), nft(8), resolvectl(1)')] },
  ];
}

function text(words: string): Block {
  return { kind: 'text', text: words };
}

function lowerFirst(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1);
}
