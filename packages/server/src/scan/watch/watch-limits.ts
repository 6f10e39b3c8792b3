export interface WatchLimits {
  /** Directories watched in all projects together. Default: 8,192. */
  directories: number;
  /** Of one project. Default: 2,048. */
  directoriesOfProject: number;
}

/** What the system allows is shared with the user's editor, so that all of it is never taken. */
export const defaultLimits: WatchLimits = { directories: 8_192, directoriesOfProject: 2_048 };

/** Why so many directories of one more project are not watched; `undefined`: they may be. */
export function refusalOf(
  directories: number,
  inOtherProjects: number,
  limits: WatchLimits,
): string | undefined {
  if (directories > limits.directoriesOfProject) {
    return `It has ${directories} directories, and at most ${limits.directoriesOfProject} of a project are watched; its changes are found by the daily scan`;
  }
  if (directories + inOtherProjects > limits.directories) {
    return `It has ${directories} directories; with ${inOtherProjects} of other projects these are more than the ${limits.directories} that are watched in all. Its changes are found by the daily scan`;
  }
  return undefined;
}

export interface SystemLimit {
  code: string;
  /** Why a project is not watched. */
  reason: string;
  /** What would help, for the log. */
  advice: string;
}

/** What an error of `fs.watch` says about the system's limits; `undefined`: it is another. */
export function systemLimitOf(code: string): SystemLimit | undefined {
  const setting = settingOf(code);
  if (!setting) return undefined;
  return {
    code,
    reason: `The system’s limit of what may be watched is reached (${code}); its changes are found by the daily scan. To have it watched, raise ${setting}`,
    advice: `The system does not let BorgOS watch more directories (${code}): the project with the most is not watched any more, and its changes are found by the daily scan. To have all watched, raise ${setting}`,
  };
}

function settingOf(code: string): string | undefined {
  if (code === 'ENOSPC') {
    return 'fs.inotify.max_user_watches, as with: sysctl fs.inotify.max_user_watches=524288';
  }
  if (code === 'EMFILE') {
    return 'fs.inotify.max_user_instances, as with: sysctl fs.inotify.max_user_instances=1024, or the open files that the process may have (ulimit -n)';
  }
  if (code === 'ENFILE') return 'fs.file-max, the open files that the system may have';
  if (code === 'ENOMEM') return 'the memory of the machine';
  return undefined;
}
