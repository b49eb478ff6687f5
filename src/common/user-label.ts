/** What names of users can be in a DNS name as they are; useradd(8) gives no others unless it is forced to. */
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The label of a user in `web.USER.vm`; nothing for a name that cannot be one, such as one with a dot. */
export function userLabel(username: string): string | undefined {
  const lower = username.toLowerCase();
  return label.test(lower) ? lower : undefined;
}
