/**
 * Makes docs/errors.md from the table of errors.
 * With --check it writes nothing and fails if it is not what it would write.
 */
import { nameOnBus } from '../src/bus/errors.ts';
import { errorCodes, errorTable } from '../src/common/error-table.ts';
import { writeGenerated } from './generated.ts';

writeGenerated('docs/errors.md', page(), 'generate-errors.ts');

function page(): string {
  const rows = errorCodes.map((code) => {
    const { cause, remedy, status } = errorTable[code];
    return `| \`${code}\` | \`${nameOnBus(code)}\` | ${status} | ${cause} | ${remedy} |`;
  });
  return `# Errors

<!-- Made by scripts/generate-errors.ts from src/common/error-table.ts; do not edit. -->

A failure is one line, \`PROBLEM; REMEDY\`. The CLI writes it to stderr behind \`banger:\` and ends with the status
of the table. Over D-Bus it is the message of the error. An error without a remedy of its own has the one of the table.
The first \`; \` of a line begins its remedy: no problem has one.

\`vm run\`, \`vm exec\` and \`vm ssh\` say 125 where the table says 1, because 1 may be the guest's own status.
No client gets a stack trace: a bug is \`Internal\`, and its message names the request or the job under which
the daemon's log, which \`banger daemon logs\` shows, has all of it.

| code | on D-Bus | status | means | to do |
|---|---|---|---|---|
${rows.join('\n')}

What calls something that is not there, or with the wrong types, gets the standard
\`org.freedesktop.DBus.Error.UnknownObject\`, \`UnknownInterface\`, \`UnknownMethod\`, \`UnknownProperty\`,
\`PropertyReadOnly\` or \`InvalidArgs\`.

## Words of others

A message may hold words of a guest, an image, a repository, a program or a VMM. They are on one line, each control
character is replaced by U+FFFD, and each character that is invisible or that turns the text around it (zero width, soft
hyphen, bidirectional, tags, fillers, variation selectors) is shown by its code point, as in \`<U+202E>\`; what a guest or
its sshd said has no \`; \`, which begins a remedy. This holds for errors on D-Bus, \`LastError\`, \`Warnings\`,
notes, tables, stages and entries of the log. Warnings that a guest printed begin with \`the guest says:\`, and what its
sshd says when it ends a connection stands in quotes; its banner is not shown. JSON has the exact text, such characters
as escapes. What a command prints in a guest (\`vm exec\`, \`vm ssh\`) is passed on as it is, also on stderr.
`;
}
