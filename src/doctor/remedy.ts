/** Gets the command of a remedy that is to run one; a finding has commands for remedies. Any other is as it is. */
export function remedyCommand(remedy = ''): string {
  const [, command] = /^run `([^`]+)`/.exec(remedy) ?? [];
  return command ?? remedy;
}
