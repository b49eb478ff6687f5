/** What may stand at a place of a command line: live names, files of the host, or one of fixed words. */
export type HintKind = 'vm' | 'image' | 'kernel' | 'file' | 'directory' | 'guest-file' | readonly string[];

/** What a command takes, as far as its options' names do not tell. */
export interface Hint {
  /** The arguments in their order. */
  arguments?: readonly HintKind[];
  /** The last argument may be given any number of times. */
  repeated?: true;
  /** What the values of options are. */
  options?: Readonly<Record<string, HintKind>>;
  /** Options that may be given again. */
  repeatable?: readonly string[];
}

const creation = { '--image': 'image', '--network': ['auto', 'user', 'bridge', 'none'] } as const;

/** What to offer where beyond what a usage line tells, by the words of a command. */
const known: Readonly<Record<string, Hint>> = {
  'vm run': { arguments: ['directory'], options: creation },
  'vm create': { options: creation },
  'vm kill': {
    options: { '--signal': ['KILL', 'TERM', 'INT', 'HUP', 'QUIT', 'STOP', 'CONT'] },
  },
  'vm exec': { repeatable: ['-e', '--env'] },
  'vm cp': { arguments: ['guest-file'], repeated: true },
  'config check': { arguments: ['file'] },
  'bench create': { options: { '--image': 'image' } },
  completion: { arguments: [['bash', 'zsh', 'fish', 'powershell']] },
};

/**
 * Finds what to offer where. A usage line that begins with REF names something of the command's group.
 * @param synopsis the usage line of the command, after its name
 */
export function findHint(path: readonly string[], synopsis: string): Hint {
  const [group] = path;
  const [, several] = /^\[?REF(…?)/.exec(synopsis) ?? [];
  const isKind = group === 'vm' || group === 'image' || group === 'kernel';
  const references: Hint =
    several === undefined || !isKind ? {} : { arguments: [group], ...(several && { repeated: true }) };
  return { ...references, ...known[path.join(' ')] };
}
