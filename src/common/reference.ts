/** What people call something: its name, its id or a unique prefix of its id, in this order. */
export function findByReference<T extends { id: string; name: string }>(
  things: Iterable<T>,
  reference: string,
): T | undefined {
  const all = [...things];
  const exact = all.find((thing) => thing.name === reference) ?? all.find((thing) => thing.id === reference);
  if (exact || reference === '') return exact;
  const matches = all.filter((thing) => thing.id.startsWith(reference));
  return matches.length === 1 ? matches[0] : undefined;
}
