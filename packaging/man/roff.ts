/** Writes manual pages in the man macros; see man(7) and groff_man(7). */

/** One page: what its heading says, and its sections in order. */
export interface Page {
  name: string;
  section: number;
  /** What the program it belongs to is, for the foot of the page: `banger 1.2.3`. */
  source: string;
  /** ISO 8601, or empty. */
  date: string;
  sections: readonly Section[];
}

export interface Section {
  heading: string;
  body: readonly Block[];
}

/** A paragraph, a line to be copied with what it is for, or a term with its explanation. */
export type Block =
  | { kind: 'text'; text: string }
  | { kind: 'example'; about: string; line: string }
  | { kind: 'term'; term: string; text: string };

/** The page as man(1) reads it. */
export function roff({ name, section, source, date, sections }: Page): string {
  return [
    '.\\" Made from the help of the command; do not edit.',
    `.TH ${argument(name.toUpperCase())} ${section} ${argument(date)} ${argument(source)} "banger"`,
    // Words are neither broken nor stretched: what stands here is often to be copied.
    '.nh',
    '.ad l',
    ...sections.flatMap(({ heading, body }) => [`.SH ${argument(heading)}`, ...body.flatMap(blockLines)]),
    '',
  ].join('\n');
}

function blockLines(block: Block): string[] {
  switch (block.kind) {
    case 'text':
      return ['.PP', line(block.text)];
    case 'example':
      return [
        '.PP',
        line(`${block.about}:`),
        '.PP',
        '.RS 4',
        '.nf',
        `\\fB${line(block.line)}\\fP`,
        '.fi',
        '.RE',
      ];
    case 'term':
      return ['.TP', `\\fB${line(block.term)}\\fP`, line(block.text)];
  }
}

/** One line of text; what begins with a control character would be taken for a request. */
function line(text: string): string {
  return escaped(text).replace(/^(?=[.'])/, '\\&');
}

/** An argument of a macro. */
function argument(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`;
}

/** A hyphen that is typed must stay one, and quotes must not become typographic ones. */
function escaped(text: string): string {
  const special: Readonly<Record<string, string>> = {
    '\\': '\\e',
    '-': '\\-',
    '`': '\\(ga',
    "'": '\\(aq',
    '^': '\\(ha',
    '~': '\\(ti',
  };
  return text.replace(/[\\\-`'^~]/g, (character) => special[character] ?? character);
}
