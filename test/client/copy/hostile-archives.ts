import {
  base256,
  directory,
  end,
  file,
  hardLink,
  header,
  longName,
  octal,
  pax,
  symlink,
} from '../../support/tar-blocks.ts';

/** `stops`: the copy is given up; `reports`: an entry is refused; `takes`: it is harmless, and all of it arrives. */
export type Answer = 'stops' | 'reports' | 'takes';

/** An archive that a guest sends instead of `evil`; `outside` is a directory beside the target. */
export type Attack = [what: string, answer: Answer, blocks: (outside: string) => Buffer[]];

const device = (type: string) => header({ name: 'evil/device', type });
const over = (name: string, blocks: Buffer[]) => [...blocks, header({ name }), end];

/** Names that lead elsewhere, or that a terminal would obey. */
export const names: readonly Attack[] = [
  ['the directory above', 'stops', () => [directory('..'), end]],
  ['a name above', 'stops', () => [file('../outside/x', 'x'), end]],
  ['a name above, behind the one asked for', 'stops', () => [file('evil/../../outside/x', 'x'), end]],
  ['an absolute name', 'stops', (outside) => [file(`${outside}/x`, 'x'), end]],
  ['an absolute name behind ./', 'stops', (outside) => [file(`./${outside}/x`, 'x'), end]],
  ['a dot between', 'stops', () => [file('evil/./x', 'x'), end]],
  ['an empty name between', 'stops', () => [file('evil//x', 'x'), end]],
  ['a name that was not asked for', 'stops', () => [file('other', 'x'), end]],
  ['the name with more behind it', 'stops', () => [file('evilx', 'x'), end]],
  ['a prefix above', 'stops', () => [header({ name: 'outside/x', prefix: '..' }), end]],
  ['an absolute prefix', 'stops', (outside) => [header({ name: 'x', prefix: outside }), end]],
  ['a path in pax over a good name', 'stops', () => over('evil/x', [pax('path', '../outside/x')])],
  [
    'two paths in pax, the last one bad',
    'stops',
    () => over('evil/x', [pax('path', 'evil/y'), pax('path', '../outside/x')]),
  ],
  ['a long name above', 'stops', () => over('evil/x', [longName(`${'../'.repeat(60)}outside/x`)])],
  ['a pax path with a NUL', 'stops', () => over('evil/x', [pax('path', 'evil/x\0/../../outside')])],
  ['a long name with a NUL', 'takes', () => over('evil/x', [longName('evil/y\0/../../outside/x')])],
  ['an empty pax path', 'stops', () => over('evil/x', [pax('path', '')])],
  ['a path of 5,000 bytes', 'stops', () => over('evil/x', [longName(`evil/${'a/'.repeat(2500)}x`)])],
  ['a name of 300 bytes', 'reports', () => over('evil/x', [longName(`evil/${'n'.repeat(300)}`)])],
  [
    'a name with escapes, refused',
    'reports',
    () => [directory('evil/\x1b]0;x\x07\n'), file('evil/\x1b]0;x\x07\n', 'x'), end],
  ],
  [
    'a pipe whose name has escapes',
    'takes',
    () => [header({ name: 'evil/\x1b[2J\r\n\x9b31m', type: '6' }), end],
  ],
  ['a name that is not UTF-8', 'takes', () => [file('evil/\xff\xfe', 'x'), end]],
  ['backslashes', 'takes', () => [file('evil/..\\..\\outside', 'x'), end]],
];

/** Links that lead out, and what comes through them. `there` is a link to `outside` that was in the target before. */
export const links: readonly Attack[] = [
  [
    'through a link of its own',
    'reports',
    (outside) => [symlink('evil/l', outside), file('evil/l/x', 'x'), end],
  ],
  [
    'through a link to above',
    'reports',
    () => [symlink('evil/l', '../..'), file('evil/l/outside/x', 'x'), end],
  ],
  [
    'through two links',
    'reports',
    (outside) => [symlink('evil/a', 'b'), symlink('evil/b', outside), directory('evil/a/d'), end],
  ],
  ['through a link that was there', 'reports', () => [file('evil/there/x', 'x'), end]],
  ['a directory through a link that was there', 'reports', () => [directory('evil/there/d'), end]],
  ['a pipe through a link that was there', 'takes', () => [header({ name: 'evil/there/p', type: '6' }), end]],
  [
    'a directory over a link',
    'reports',
    (outside) => [symlink('evil/l', outside), directory('evil/l', '0000777\0'), end],
  ],
  ['the directory itself as a link', 'reports', (outside) => [symlink('evil', outside), end]],
  [
    'a file over a link to a file',
    'takes',
    (outside) => [symlink('evil/l', `${outside}/secret`), file('evil/l', 'x'), end],
  ],
  [
    'a link in the place of a directory that is full',
    'reports',
    (outside) => [
      directory('evil/d'),
      file('evil/d/f', 'x'),
      symlink('evil/d', outside),
      file('evil/d/g', 'x'),
      end,
    ],
  ],
  [
    'a link with contents',
    'stops',
    (outside) => [file('evil/l', 'x', { type: '2', linkName: outside }), end],
  ],
  ['a link to nothing', 'reports', () => [symlink('evil/l', ''), end]],
  ['a link whose target has a NUL', 'stops', () => [pax('linkpath', 'a\0b'), symlink('evil/l', 'a'), end]],
  ['a hard link to an absolute path', 'stops', (outside) => [hardLink('evil/h', `${outside}/secret`), end]],
  ['a hard link above', 'stops', () => [hardLink('evil/h', '../outside/secret'), end]],
  [
    'a hard link in pax over a good one',
    'stops',
    () => [file('evil/x', 'x'), pax('linkpath', '../outside/secret'), hardLink('evil/h', 'evil/x'), end],
  ],
  [
    'a hard link by a long target',
    'stops',
    (outside) => [file('evil/x', 'x'), longName(`${outside}/secret`, 'K'), hardLink('evil/h', 'evil/x'), end],
  ],
  [
    'a hard link through a link that was there',
    'reports',
    () => [hardLink('evil/h', 'evil/there/secret'), end],
  ],
  ['a hard link to a file that was there', 'reports', () => [hardLink('evil/h', 'evil/old'), end]],
  [
    'a hard link to a link',
    'reports',
    (outside) => [symlink('evil/l', `${outside}/secret`), hardLink('evil/h', 'evil/l'), end],
  ],
  ['a hard link to a directory', 'reports', () => [directory('evil/d'), hardLink('evil/h', 'evil/d'), end]],
  ['a hard link to itself', 'reports', () => [hardLink('evil/h', 'evil/h'), end]],
  [
    'a hard link to what a link replaced',
    'reports',
    (outside) => [
      file('evil/x', 'x'),
      symlink('evil/x', `${outside}/secret`),
      hardLink('evil/h', 'evil/x'),
      file('evil/h', 'y'),
      end,
    ],
  ],
];

/** One name as several kinds of thing. */
export const duplicates: readonly Attack[] = [
  ['a directory, then a file', 'reports', () => [directory('evil/d'), file('evil/d', 'x'), end]],
  ['a file, then a directory', 'reports', () => [file('evil/d', 'x'), directory('evil/d'), end]],
  ['a file, then something below it', 'reports', () => [file('evil/d', 'x'), file('evil/d/x', 'x'), end]],
  [
    'a file, a link, a file',
    'takes',
    (outside) => [file('evil/f', 'a'), symlink('evil/f', `${outside}/secret`), file('evil/f', 'b'), end],
  ],
  [
    'the same file a hundred times',
    'takes',
    () => [...Array.from({ length: 100 }, (_, count) => file('evil/f', String(count))), end],
  ],
];

/** What is neither file, directory nor link, and modes and owners that give rights. */
export const kinds: readonly Attack[] = [
  ['a character device', 'takes', () => [device('3'), end]],
  ['a block device', 'takes', () => [device('4'), end]],
  ['a pipe', 'takes', () => [device('6'), end]],
  [
    'set-uid, set-gid and sticky',
    'takes',
    () => [file('evil/x', '#!', { mode: '0007755\0' }), directory('evil/d', '0007777\0'), end],
  ],
  [
    'a file of capabilities',
    'takes',
    () => [pax('SCHILY.xattr.security.capability', '\x01\0\0\x02'), file('evil/x', 'x'), end],
  ],
  ['an owner in base 256', 'takes', () => [file('evil/x', 'x', { uid: '\x80\0\0\0\0\0\x7f\xff' }), end]],
  ['a time in the year 8000', 'takes', () => [pax('mtime', '190000000000'), file('evil/x', 'x'), end]],
  ['a time before all times', 'takes', () => [file('evil/x', 'x', { mtime: base256(-1n) }), end]],
  [
    'a directory that nobody may enter',
    'takes',
    () => [directory('evil/d', '0000000\0'), file('evil/d/x', 'x'), end],
  ],
  ...['Z', 'V', 'M', 'D', 'N', 'X', 'A', '\x80'].map(
    (type): Attack => [`type ${JSON.stringify(type)}`, 'stops', () => [device(type), end]],
  ),
];

/** Sizes, checksums and headers that lie. */
export const headers: readonly Attack[] = [
  ['a sparse file of GNU', 'stops', () => [header({ type: 'S', size: base256(2n ** 62n) }), end]],
  [
    'a sparse file in pax',
    'stops',
    () => over('evil/x', [pax('GNU.sparse.realsize', '9223372036854775807')]),
  ],
  ['a sparse name in pax', 'stops', () => over('evil/x', [pax('GNU.sparse.name', '../outside/x')])],
  ['8 EiB', 'stops', () => [header({ size: base256(2n ** 63n - 1n) }), end]],
  ['4 PiB of which 1 KiB comes', 'stops', () => [header({ size: base256(2n ** 52n) }), end]],
  ['8 GiB in octal of which 1 KiB comes', 'stops', () => [header({ size: '77777777777\0' }), end]],
  ['less than nothing', 'stops', () => [header({ size: base256(-512n) }), end]],
  ['a sign', 'stops', () => [header({ size: '-0000000010\0' }), end]],
  ['digits that are not octal', 'stops', () => [header({ size: '00000000098\0' }), end]],
  ['a size with a NUL inside', 'stops', () => [header({ size: '0000\x0000010\0' }), end]],
  ['a size in pax beyond the archive', 'stops', () => over('evil/x', [pax('size', '999999999999')])],
  [
    'a size in pax below the contents',
    'stops',
    () => [pax('size', '0'), file('evil/x', header({ name: '../outside/x' }).toString('latin1')), end],
  ],
  ['a negative size in pax', 'stops', () => over('evil/x', [pax('size', '-1')])],
  ['a size in pax of 400 digits', 'stops', () => over('evil/x', [pax('size', '9'.repeat(400))])],
  [
    'a link with the size of its target',
    'takes',
    () => [
      file('evil/x', 'x'),
      header({ name: 'evil/h', type: '1', linkName: 'evil/x', size: octal(512) }),
      end,
    ],
  ],
  ['another checksum', 'stops', () => [header({ checksum: '0000000\0' }), end]],
  ['a checksum in base 256', 'stops', () => [header({ checksum: '\x80\0\0\0\0\0\0\0' }), end]],
  ['another magic', 'stops', () => [header({ magic: 'tsuar\x0000' }), end]],
  ['no magic', 'stops', () => [header({ magic: '\0\0\0\0\0\0\0\0' }), end]],
  ['a global path', 'stops', () => over('evil/x', [pax('path', '../outside/x', 'g')])],
  ['a global comment', 'takes', () => over('evil/x', [pax('comment', 'x', 'g')])],
  ['another character set', 'stops', () => over('evil/x', [pax('hdrcharset', 'BINARY')])],
  [
    'a pax length that lies',
    'stops',
    () => over('evil/x', [file('pax', '9999999999 path=evil/y\n', { type: 'x' })]),
  ],
  [
    'a pax length of 300 digits',
    'stops',
    () => over('evil/x', [file('pax', `${'1'.repeat(300)} path=x\n`, { type: 'x' })]),
  ],
  ['an extended header of 1 GiB', 'stops', () => [header({ type: 'x', size: octal(2 ** 30) }), end]],
  ['a long name of 1 GiB', 'stops', () => [header({ type: 'L', size: octal(2 ** 30) }), end]],
  ['an extended header without an entry', 'stops', () => [pax('path', 'evil/x'), end]],
  ['more behind the end', 'takes', () => [file('evil/x', 'x'), end, file('../outside/x', 'x'), end]],
  ['nothing', 'stops', () => []],
  ['what gzip makes', 'stops', () => [Buffer.from('1f8b0800', 'hex'), Buffer.alloc(1020)]],
];
