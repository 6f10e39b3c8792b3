import { watch as watchDirectory } from 'node:fs';
import { type AnnouncerTimes, createAnnouncer } from './announcer.ts';
import { type Clock, systemClock } from './clock.ts';
import { createSlices, type Work } from './in-slices.ts';
import {
  defaultLimits,
  refusalOf,
  type SystemLimit,
  systemLimitOf,
  type WatchLimits,
} from './watch-limits.ts';
import {
  type Directories,
  openTarget,
  targetsOf,
  type Watch,
  type WatchedProject,
} from './watched-project.ts';

export interface ProjectWatchOptions extends Partial<AnnouncerTimes> {
  /** Called in a turn of the event loop of its own, after the last event by `debounceMs`. */
  onChange: (projectId: number) => void;
  log: { warn(fields: object, message: string): void };
  limits?: Partial<WatchLimits>;
  clock?: Clock;
  watch?: Watch;
  /** One watch of the whole tree; default: where the system has that, on macOS and Windows. */
  recursive?: boolean;
}

export interface Watched {
  /** How many directories are watched, up to two of git included. */
  directories: number;
  /** Why the project is not watched, or not all of it, and what would help; `null`: all of it is. */
  reason: string | null;
}

export interface ProjectWatch {
  /**
   * Watches these directories of a project from now on, in place of those before; for after each
   * scan. Returns at once, and takes the next turns of the event loop to do it.
   */
  set(projectId: number, directories: Directories): void;
  /** Does nothing where the project is not known, as do `changed` and `nothingChanged`. */
  remove(projectId: number): void;
  /** The scan after `onChange` has found a change: the next one is announced as soon as usual. */
  changed(projectId: number): void;
  /** The scan after `onChange` has found none: the same will be announced more seldom. */
  nothingChanged(projectId: number): void;
  /** Every project that was set. */
  readonly watched: ReadonlyMap<number, Watched>;
  close(): void;
}

const usualTimes: AnnouncerTimes = {
  debounceMs: 5_000,
  longestDelayMs: 60_000,
  pauseMs: 30_000,
  longestPauseMs: 3_600_000,
};

/**
 * Notices that the files of projects change, and costs nothing while they do not. It may miss what
 * happens in a directory before that is watched, and what the system drops in a burst, so a scan
 * from time to time is still needed.
 */
export function createProjectWatch(options: ProjectWatchOptions): ProjectWatch {
  const { onChange, log, clock = systemClock, watch = watchDirectory } = options;
  const recursive = options.recursive ?? ['darwin', 'win32'].includes(process.platform);
  const limits = { ...defaultLimits, ...options.limits };
  const times = timesOf(options);
  const projects = new Map<number, WatchedProject>();
  /** Those of which something is still watched. */
  const removed = new Set<WatchedProject>();
  const slices = createSlices();
  const advised = new Set<string>();
  let isClosed = false;

  function add(projectId: number): WatchedProject {
    const project: WatchedProject = {
      announcer: createAnnouncer(() => onChange(projectId), times, clock),
      targets: [],
      walkedAt: undefined,
      open: new Map(),
      missed: { count: 0, code: '' },
      refusal: undefined,
      isRemoved: false,
      isAdapting: false,
    };
    projects.set(projectId, project);
    return project;
  }

  function countOthers(project: WatchedProject): number {
    let count = 0;
    for (const other of projects.values()) if (other !== project) count += directoriesOf(other);
    return count;
  }

  function adapt(project: WatchedProject): void {
    if (project.isAdapting) return;
    project.isAdapting = true;
    slices.add(openAndClose(project));
  }

  /** Until what is watched is what is wanted, whatever is wanted anew in between. */
  function* openAndClose(project: WatchedProject): Work {
    let targets: WatchedProject['targets'];
    do {
      targets = project.targets;
      // First, so that there are never more than are allowed.
      yield* closeOthers(project);
      for (const target of targets) yield* open(project, target, targets);
    } while (project.targets !== targets);
    project.isAdapting = false;
    if (project.isRemoved) removed.delete(project);
  }

  function* open(
    project: WatchedProject,
    target: WatchedProject['targets'][number],
    targets: WatchedProject['targets'],
  ): Work {
    while (project.targets === targets) {
      const limit = tryToOpen(project, target);
      yield;
      if (limit === undefined) return;
      // Ends, as each time one project less is watched.
      yield* giveUpLargest(limit);
    }
  }

  /** Returns the system's limit that is in the way; another error concerns this target only. */
  function tryToOpen(
    project: WatchedProject,
    target: WatchedProject['targets'][number],
  ): SystemLimit | undefined {
    try {
      openTarget(project, target, watch);
      return undefined;
    } catch (error) {
      const { code = 'an unknown error' } = error as NodeJS.ErrnoException;
      const limit = systemLimitOf(code);
      if (!limit && target.path !== undefined) {
        project.missed = { count: project.missed.count + 1, code };
      }
      return limit;
    }
  }

  function* giveUpLargest({ code, advice, reason }: SystemLimit): Work {
    let projectId: number | undefined;
    let largest: WatchedProject | undefined;
    for (const [id, project] of projects) {
      if (largest && project.targets.length <= largest.targets.length) continue;
      projectId = id;
      largest = project;
    }
    if (!largest) return;
    if (!advised.has(code)) {
      advised.add(code);
      log.warn({ project: projectId, directories: largest.targets.length, code }, advice);
    }
    largest.refusal = reason;
    largest.targets = [];
    yield* closeOthers(largest);
  }

  function* closeOthers(project: WatchedProject): Work {
    const wanted = new Set(project.targets.map(({ directory }) => directory));
    for (const [directory, watcher] of project.open) {
      if (wanted.has(directory)) continue;
      project.open.delete(directory);
      watcher.close();
      yield;
    }
  }

  function forget(project: WatchedProject): void {
    project.isRemoved = true;
    project.targets = [];
    project.announcer.close();
  }

  return {
    set(projectId, directories) {
      if (isClosed) return;
      const project = projects.get(projectId) ?? add(projectId);
      const others = countOthers(project);
      // Before anything is made of a list that may be very long.
      project.refusal = recursive ? undefined : refusalOf(directories.paths.length, others, limits);
      project.targets = project.refusal === undefined ? targetsOf(directories, recursive) : [];
      project.refusal ??= refusalOf(directoriesOf(project), others, limits);
      if (project.refusal !== undefined) project.targets = [];
      project.walkedAt = directories.walkedAt;
      project.missed = { count: 0, code: '' };
      adapt(project);
    },
    remove(projectId) {
      const project = projects.get(projectId);
      if (!project) return;
      projects.delete(projectId);
      forget(project);
      removed.add(project);
      adapt(project);
    },
    changed: (projectId) => projects.get(projectId)?.announcer.changed(),
    nothingChanged: (projectId) => projects.get(projectId)?.announcer.nothingChanged(),
    get watched() {
      return new Map([...projects].map(([id, project]) => [id, describe(project)]));
    },
    close() {
      isClosed = true;
      slices.close();
      for (const project of [...projects.values(), ...removed]) {
        forget(project);
        for (const watcher of project.open.values()) watcher.close();
        project.open.clear();
      }
      projects.clear();
      removed.clear();
    },
  };
}

function timesOf(options: Partial<AnnouncerTimes>): AnnouncerTimes {
  return {
    debounceMs: options.debounceMs ?? usualTimes.debounceMs,
    longestDelayMs: options.longestDelayMs ?? usualTimes.longestDelayMs,
    pauseMs: options.pauseMs ?? usualTimes.pauseMs,
    longestPauseMs: options.longestPauseMs ?? usualTimes.longestPauseMs,
  };
}

/** Those of the project itself: git's are two more at most. */
function directoriesOf({ targets }: WatchedProject): number {
  return targets.filter(({ path }) => path !== undefined).length;
}

function describe({ open, refusal, missed }: WatchedProject): Watched {
  const partly =
    missed.count > 0
      ? `${missed.count} of its directories cannot be watched (the last: ${missed.code}); changes in them are found by the daily scan`
      : null;
  return { directories: open.size, reason: refusal ?? partly };
}
