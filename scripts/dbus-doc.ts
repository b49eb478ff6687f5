/**
 * Reads what is written about a member in dbus/*.xml: a comment before its element, in the form that gdbus-codegen
 * knows (`NAME:`, then `@argument: text`, each on one line, then the text), with lists that it passes on as text:
 *
 *     CreateVM:
 *     @options: What the VM is to be.
 *     Makes a VM.
 *
 *     Errors: InvalidName, InvalidArgs
 *
 * `Values:` are all that a text may be. The keys of an a{sv} and the fields of a struct are annotations of the argument.
 */

export interface Doc {
  /** Paragraphs, with an empty line between them. */
  text: string;
  args: ReadonlyMap<string, string>;
  values: readonly string[] | undefined;
  errors: readonly string[] | undefined;
  /** The errors of its job. */
  jobErrors: readonly string[] | undefined;
}

/**
 * Reads a comment. @param where for messages @param name of what it is about
 * @throws Error if it is about something else, or has a form that is not known
 */
export function readDoc(where: string, name: string, comment: string): Doc {
  const [head = '', ...lines] = unindented(comment);
  const symbol = /^([\w.]+):(?: (.*))?$/.exec(head);
  if (symbol?.[1] !== name)
    throw new Error(`${where}: its comment must begin with "${name}:", not "${head}"`);
  const args = new Map<string, string>();
  while (lines[0]?.startsWith('@')) {
    const [, arg = '', text = ''] = /^@(\w+): (.+)$/.exec(lines[0]) ?? [];
    if (!arg) throw new Error(`${where}: cannot read "${lines[0]}"`);
    args.set(arg, text);
    lines.shift();
  }
  const blocks = [symbol[2] ?? '', ...lines].join('\n').trim().split(/\n\n+/);
  const words = new Map<string, string[]>();
  const paragraphs: string[] = [];
  for (const block of blocks) {
    const facts = /^(?:Values|Errors|Errors of the job): /.test(block);
    if (facts) for (const line of block.split('\n')) words.set(...readWords(where, line));
    else paragraphs.push(block.replaceAll('\n', ' '));
  }
  return {
    text: paragraphs.join('\n\n'),
    args,
    values: words.get('Values'),
    errors: words.get('Errors'),
    jobErrors: words.get('Errors of the job'),
  };
}

/** `none` stands for no word at all. */
function readWords(where: string, line: string): [key: string, words: string[]] {
  const [, key = '', list = ''] = /^(Values|Errors|Errors of the job): (\S.*)$/.exec(line) ?? [];
  if (!key) throw new Error(`${where}: cannot read "${line}"`);
  return [key, list === 'none' ? [] : list.split(', ')];
}

/** The lines of a comment, without what they are all indented by and without empty ones around them. */
function unindented(comment: string): string[] {
  const lines = comment.trim().split('\n');
  const indents = lines
    .slice(1)
    .filter((line) => line.trim())
    .map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  return lines.map((line, index) => (index === 0 ? line : line.slice(indent)).trimEnd());
}
