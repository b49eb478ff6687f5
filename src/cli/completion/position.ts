/** An option as completion needs it. */
export interface KnownOption {
  names: readonly string[];
  takesValue: boolean;
  description: string;
}

/** Where the cursor is among the words of a command. */
export interface Position {
  /** The arguments before it that are no options. */
  given: readonly string[];
  /** The options before it, each by its first name. */
  givenOptions: ReadonlySet<string>;
  /** The option whose value stands here. */
  awaiting: KnownOption | undefined;
}

/** Reads the words of a command up to the cursor. Words that make no sense are passed over. */
export function positionAfter(words: readonly string[], options: readonly KnownOption[]): Position {
  const given: string[] = [];
  const givenOptions = new Set<string>();
  let awaiting: KnownOption | undefined;
  for (const word of words) {
    if (awaiting) {
      awaiting = undefined;
      continue;
    }
    if (!word.startsWith('-') || word === '-') {
      given.push(word);
      continue;
    }
    for (const name of namesIn(word)) {
      const option = optionCalled(name, options);
      if (!option) continue;
      givenOptions.add(option.names[0] ?? name);
      if (option.takesValue && !word.includes('=')) awaiting = option;
    }
  }
  return { given, givenOptions, awaiting };
}

export function optionCalled(name: string, options: readonly KnownOption[]): KnownOption | undefined {
  return options.find(({ names }) => names.includes(name));
}

/** The options in a word: `--name`, `--name=value`, and `-fy` for two. */
function namesIn(word: string): string[] {
  if (word.startsWith('--')) return [word.split('=', 1)[0] ?? word];
  return [...word.slice(1)].map((letter) => `-${letter}`);
}
