import type { CommandType } from '../command.ts';
import { type CommandEntry, commands, findCommand, groups } from '../commands.ts';
import { listOptions } from '../parser.ts';
import { findHint, type HintKind } from './hints.ts';
import { type KnownOption, optionCalled, positionAfter } from './position.ts';

/** One word to offer, and what it is. */
export type Candidate = readonly [value: string, description: string];

/** What can stand at the cursor. Files are the shell's own to offer. */
export interface Offer {
  candidates: readonly Candidate[];
  files?: 'files' | 'directories';
}

/** Tells the names there are just now. */
export type FindNames = (kind: 'vm' | 'image' | 'kernel') => Promise<readonly Candidate[]>;

const nothing: Offer = { candidates: [] };
const helpOption: Candidate = ['--help', 'Print the help'];

/**
 * What can stand at the cursor.
 * @param before the words before it, without `banger`
 * @param current what there is already of the word at the cursor; each candidate begins with it
 */
export async function offerFor(before: readonly string[], current: string, names: FindNames): Promise<Offer> {
  const isHelp = before[0] === 'help';
  const words = isHelp ? before.slice(1) : before;
  const found = findCommand(words);
  let offer: Offer;
  if (!found) offer = { candidates: commandWords(words) };
  // What stands after -- is for the guest, where nobody looks from here.
  else if (isHelp || words.includes('--')) offer = nothing;
  else offer = await argumentsOf(found.entry, found.rest, current, names);
  return { ...offer, candidates: offer.candidates.filter(([value]) => value.startsWith(current)) };
}

/** The words that may follow these in the name of a command. */
function commandWords(words: readonly string[]): Candidate[] {
  const [group] = words;
  if (group === undefined) {
    const single = commands.filter(({ path }) => path.length === 1);
    return [
      ...Object.entries(groups),
      ...single.map(({ path: [word], summary }): Candidate => [word, summary]),
      ['help', 'Explain a command'],
      helpOption,
    ];
  }
  if (words.length > 1) return [];
  const ofGroup = commands.filter(({ path }) => path[0] === group && path.length === 2);
  return [...ofGroup.map(({ path, summary }): Candidate => [path[1] ?? '', summary]), helpOption];
}

async function argumentsOf(
  { path, load }: CommandEntry,
  rest: readonly string[],
  current: string,
  names: FindNames,
): Promise<Offer> {
  const { default: type } = await load();
  const hint = findHint(path, type.help.synopsis);
  const options = knownOptions(type);
  const { given, givenOptions, awaiting } = positionAfter(rest, options);
  const valuesOf = (option: KnownOption) =>
    offerOf(option.names.map((name) => hint.options?.[name]).find(Boolean), [], names);
  if (awaiting) return await valuesOf(awaiting);
  const [, name, equals] = /^(--[^=]+)(=)?/.exec(current) ?? [];
  if (name !== undefined && equals !== undefined) {
    const option = optionCalled(name, options);
    const { candidates, ...others } = option ? await valuesOf(option) : nothing;
    return { ...others, candidates: candidates.map(([value, about]) => [`${name}=${value}`, about]) };
  }
  const kinds = hint.arguments ?? [];
  const kind = kinds[hint.repeated ? Math.min(given.length, kinds.length - 1) : given.length];
  if (kind !== undefined && !current.startsWith('-')) return await offerOf(kind, given, names);
  const left = options.filter(
    ({ names: [first = ''] }) => !givenOptions.has(first) || hint.repeatable?.includes(first),
  );
  return { candidates: [...left.flatMap(asCandidates), ...separator(type), helpOption] };
}

async function offerOf(
  kind: HintKind | undefined,
  given: readonly string[],
  names: FindNames,
): Promise<Offer> {
  if (kind === undefined) return nothing;
  if (kind === 'file') return { candidates: [], files: 'files' };
  if (kind === 'directory') return { candidates: [], files: 'directories' };
  if (kind === 'guest-file') {
    const vms = await names('vm');
    return { candidates: vms.map(([name, about]) => [`${name}:`, about]), files: 'files' };
  }
  if (typeof kind !== 'string') return { candidates: kind.map((word) => [word, '']) };
  return { candidates: (await names(kind)).filter(([name]) => !given.includes(name)) };
}

/** The options of a command. Help writes them as `-f,--follow` and `--name #0` for one with a value. */
function knownOptions(type: CommandType): KnownOption[] {
  return listOptions(type).map(({ definition, description }) => {
    const [names = '', value] = definition.split(' ');
    const [first = '', explanation] = description.split('\t');
    const about = explanation ?? first;
    return { names: names.split(','), takesValue: value !== undefined, description: about };
  });
}

function asCandidates({ names, description }: KnownOption): Candidate[] {
  return names.map((name) => [name, description]);
}

function separator(type: CommandType): Candidate[] {
  return type.takesGuestCommand ? [['--', 'What follows is the command for the guest']] : [];
}
