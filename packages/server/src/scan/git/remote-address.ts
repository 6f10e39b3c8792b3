import { type GitConfig, lastOf } from './git-config.ts';

const longest = 1_000;
/** As the large hosts write them; some people put them into the path. */
const tokens = /(?:gh[a-z]_|github_pat_|glpat-|glcbt-|ATBB|ATCTT|hf_|npm_)[\w-]{10,}/g;

/**
 * Where a repository comes from: of the remote `origin`, or else of the first one. Without anything
 * that lets somebody in: user, password, query, and what looks like a token in the path.
 */
export function remoteAddress(config: GitConfig): string | null {
  const first = [...config.keys()].find((key) => /^remote\..+\.url$/s.test(key));
  const url = config.get('remote.origin.url')?.[0] ?? (first && lastOf(config, first));
  return url ? withoutCredentials(url) : null;
}

/** `null`: it is no address, but a program with its arguments, or is not to be understood. */
export function withoutCredentials(url: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (url.length > longest || /[\0-\x1f\x7f]/.test(url) || /^[\w+.-]+::/.test(url)) return null;
  const address = url.replace(/[?#].*$/, '').replace(tokens, '***');
  const [, scheme, rest = ''] = /^([a-z][\w+.-]*:\/\/)(.*)$/i.exec(address) ?? [];
  if (scheme) {
    // To the last one: a password may hold an `@` or a slash that is not escaped.
    const hasUser = rest.split('/')[0]?.includes('@');
    return scheme + (hasUser ? rest.slice(rest.lastIndexOf('@') + 1) : rest);
  }
  // `user@host:path` is ssh; a path of this machine begins with a slash or a dot.
  const isPath = /^(?:[/.~\\]|[a-z]:[/\\])/i.test(address);
  return isPath ? address : address.slice(address.lastIndexOf('@') + 1);
}
