/**
 * The cause and the remedy in a message of an error, which has both in one sentence; see docs/errors.md. Of a
 * remedy that is to run a command, it is the command.
 */
export function splitRemedy(message: string): { cause: string; remedy: string } {
  const end = message.indexOf('; ');
  if (end < 0) return { cause: message, remedy: '' };
  const remedy = message.slice(end + 2);
  const [, command] = /^run `([^`]+)`/.exec(remedy) ?? [];
  return { cause: message.slice(0, end), remedy: command ?? remedy };
}
