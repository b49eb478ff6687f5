/** The fields of the journal in which the daemon tells what an entry is about, by the names they have in its log. */
const named: Readonly<Record<string, string>> = {
  vm: 'BANGER_VM_ID',
  job: 'BANGER_JOB_ID',
  request: 'BANGER_REQUEST',
};
const prefix = 'BANGER_';

/** What went wrong, apart from the message. */
export const errorFields = {
  message: 'BANGER_ERROR',
  type: 'BANGER_ERROR_TYPE',
  stack: 'BANGER_ERROR_STACK',
} as const;

/** The journal's field for what the log calls by a name; systemd, "Native Journal Protocol", has the letters. */
export function journalField(name: string): string {
  return named[name] ?? prefix + name.replace(/\W/g, '_').toUpperCase();
}

/** What the log calls a field; nothing for one that is not the daemon's. */
export function logName(field: string): string | undefined {
  const [name] = Object.entries(named).find(([, known]) => known === field) ?? [];
  if (name) return name;
  const isError = Object.values(errorFields).some((known) => known === field);
  return field.startsWith(prefix) && !isError ? field.slice(prefix.length).toLowerCase() : undefined;
}
