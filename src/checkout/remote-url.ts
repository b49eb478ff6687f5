import type { GitSetting } from './configuration.ts';

/** What the beginning of a URL is replaced by. */
interface Alias {
  base: string;
  prefix: string;
}

/** What `url.BASE.insteadOf` and `pushInsteadOf` say; git-config(1). */
export interface Aliases {
  fetch: readonly Alias[];
  push: readonly Alias[];
}

/** Gets what a configuration replaces in URLs of remotes. */
export function urlAliases(settings: readonly GitSetting[]): Aliases {
  const aliases = (name: string) =>
    settings.flatMap(({ key, value }): Alias[] =>
      key.startsWith('url.') && key.endsWith(`.${name}`)
        ? [{ base: key.slice('url.'.length, -name.length - 1), prefix: value }]
        : [],
    );
  return { fetch: aliases('insteadof'), push: aliases('pushinsteadof') };
}

/** Replaces the beginning of a URL; of several aliases the longest counts, and of those the first. */
export function resolveUrl(url: string, aliases: readonly Alias[]): string {
  let longest: Alias | undefined;
  for (const alias of aliases) {
    if (url.startsWith(alias.prefix) && alias.prefix.length > (longest?.prefix.length ?? -1)) longest = alias;
  }
  return longest === undefined ? url : `${longest.base}${url.slice(longest.prefix.length)}`;
}

/**
 * A remote's URL without the user's secrets; none for one that names a command to run. The user of an
 * ssh URL stays: it is part of the address.
 */
export function withoutCredentials(url: string): string | undefined {
  if (/^(ext|fd)::/.test(url)) return undefined;
  const parts = /^((?:[\w+-]+::)*)([\w+.-]+):\/\/(?:([^/]*)@)?(.*)$/s.exec(url);
  if (!parts) return url;
  const [, helper = '', scheme = '', user, rest = ''] = parts;
  const isWeb = /^(https?|ftps?)$/i.test(scheme);
  const keptUser = user === undefined || isWeb ? '' : `${user.split(':')[0]}@`;
  return `${helper}${scheme}://${keptUser}${isWeb ? rest.replace(/[?#].*$/s, '') : rest}`;
}
