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
const severalVms: Hint = { arguments: ['vm'], repeated: true };
const oneVm: Hint = { arguments: ['vm'] };

/** What to offer where, by the words of a command; one that is not here takes neither arguments nor known values. */
export const hints: Readonly<Record<string, Hint>> = {
  'vm run': { arguments: ['directory'], options: creation },
  'vm create': { options: creation },
  'vm start': severalVms,
  'vm stop': severalVms,
  'vm restart': severalVms,
  'vm kill': {
    ...severalVms,
    options: { '--signal': ['KILL', 'TERM', 'INT', 'HUP', 'QUIT', 'STOP', 'CONT'] },
  },
  'vm set': severalVms,
  'vm delete': severalVms,
  'vm show': oneVm,
  'vm stats': severalVms,
  'vm ports': oneVm,
  'vm logs': oneVm,
  'vm ssh': oneVm,
  'vm exec': { ...oneVm, repeatable: ['-e', '--env'] },
  'vm cp': { arguments: ['guest-file'], repeated: true },
  'image show': { arguments: ['image'] },
  'image delete': { arguments: ['image'], repeated: true },
  'kernel show': { arguments: ['kernel'] },
  'kernel rm': { arguments: ['kernel'], repeated: true },
  'config check': { arguments: ['file'] },
  'bench create': { options: { '--image': 'image' } },
  completion: { arguments: [['bash', 'zsh', 'fish', 'powershell']] },
};
