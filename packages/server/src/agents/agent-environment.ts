/** What every agent gets of the environment of BorgOS; keys only where one asks for them by name. */
const names = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ'],
  ...['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME', 'XDG_STATE_HOME'],
];

export function agentEnvironment({
  variables,
  networkEnvironment,
}: {
  variables: (names: readonly string[]) => Record<string, string>;
  /** How programs reach the network from here. */
  networkEnvironment: Record<string, string>;
}): Record<string, string> {
  return { ...variables(names), ...networkEnvironment };
}
