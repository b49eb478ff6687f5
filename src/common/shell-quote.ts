/** One word that POSIX shells and fish read as exactly this text. */
export function shellQuote(text: string): string {
  // fish has escapes inside single quotes, so a backslash goes between double ones, as a quote does.
  return `'${text.replace(/['\\]+/g, (run) => `'"${run.replaceAll('\\', '\\\\')}"'`)}'`;
}
