/**
 * Settings under which git runs nothing that a repository names: no hook, pager, helper or other
 * program, and fetches nothing. What compares or merges files has filters and drivers besides.
 */
export const safeGitSettings: Readonly<Record<string, string>> = {
  'core.fsmonitor': 'false',
  'core.hooksPath': '/dev/null',
  'core.pager': 'cat',
  'core.editor': 'false',
  'core.sshCommand': 'false',
  'core.gitProxy': 'false',
  'core.askPass': 'false',
  'core.attributesFile': '/dev/null',
  'core.untrackedCache': 'false',
  'credential.helper': '',
  'diff.external': '',
  'gpg.program': 'false',
  'protocol.allow': 'never',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'safe.directory': '*',
};

/** All that such a git has of an environment, beside `PATH`: GIT_* variables would win over settings. */
export const safeGitEnvironment: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  // A part of a repository that is not there is not fetched. Older versions of git do not know the
  // first; the second forbids all protocols, also those that the settings allow by their name.
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
};
