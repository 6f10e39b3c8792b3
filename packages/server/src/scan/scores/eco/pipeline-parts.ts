import { type CiSystem, ciSystemOf } from '../ci-file.ts';
import { commandLinesOf } from '../commands.ts';
import type { ScanFacts } from '../scan-facts.ts';
import { type YamlEntry, yamlOutline } from '../yaml-outline.ts';

/** What keeps a pipeline from doing what need not be done; `null`: its files cannot say it. */
export interface PipelineParts {
  file: string;
  /** What was installed or built before is used again. */
  cache: boolean | null;
  /** A run whose change was followed by another is ended. */
  cancel: boolean | null;
  /** Changes that cannot matter, as to documents, start nothing. */
  paths: boolean | null;
}

type Pattern = RegExp | null;

/**
 * As their documentation spells it. CircleCI and Azure end older runs by a setting that is in no
 * file; Jenkins has no cache of its own.
 */
const patterns: Record<
  Exclude<CiSystem, 'github' | 'other'>,
  Record<'cache' | 'cancel' | 'paths', Pattern>
> = {
  gitlab: {
    cache: /^\s*(?:- +)?cache\s*:/,
    cancel: /\binterruptible\s*:\s*true|\bauto_cancel\s*:/,
    paths: /^\s*(?:- +)?changes\s*:/,
  },
  circleci: {
    cache: /\b(?:restore_cache|save_cache|docker_layer_caching)\b/,
    cancel: null,
    paths: /\bpath-filtering\b/,
  },
  bitbucket: { cache: /^\s*(?:- +)?caches\s*:/, cancel: null, paths: /\bincludePaths\s*:/ },
  azure: { cache: /\bCache@\d/, cancel: null, paths: /^\s*paths\s*:/ },
  jenkins: {
    cache: null,
    cancel: /\babortPrevious\s*:\s*true/,
    paths: /\bchangeset\b|\bincludedRegions\b/,
  },
};

/** The pipelines that run for each change, and can be read; others waste nothing by it. */
export function listPipelineParts({ files, texts }: ScanFacts): PipelineParts[] {
  const known = new Set(files.map(({ path }) => path));
  const parts: PipelineParts[] = [];
  const texted = new Map<
    Exclude<CiSystem, 'github' | 'other'>,
    { file: string; lines: string[] }
  >();
  for (const [file, text] of texts) {
    const system = known.has(file) ? ciSystemOf(file) : undefined;
    if (!system || system === 'other') continue;
    if (system === 'github') {
      const workflow = judgeWorkflow(file, text);
      if (workflow) parts.push(workflow);
      continue;
    }
    // Files that one includes are one pipeline.
    const pipeline = texted.get(system) ?? { file, lines: [] };
    pipeline.lines.push(
      ...text.split(/\r?\n/).map((line) => line.replace(/(?:^|\s)(?:#|\/\/).*$/, '')),
    );
    texted.set(system, pipeline);
  }
  for (const [system, { file, lines }] of texted) {
    const { cache, cancel, paths } = patterns[system];
    const has = (pattern: Pattern) => pattern && lines.some((line) => pattern.test(line));
    parts.push({ file, cache: has(cache), cancel: has(cancel), paths: has(paths) });
  }
  return parts;
}

/** Actions that cache what they install: some always, some when they are told what. */
const cachingAction =
  /\b(?:actions\/cache(?:\/restore)?|buildjet\/cache|Swatinem\/rust-cache|gradle\/(?:actions\/setup-gradle|gradle-build-action)|mozilla-actions\/sccache-action|DeterminateSystems\/magic-nix-cache-action|bazel-contrib\/setup-bazel|coursier\/cache-action)@|\bactions\/setup-go@v(?:[4-9]|\d\d)|\bastral-sh\/setup-uv@v(?:[5-9]|\d\d)|\bcache-from\s*[:=]|^\s*(?:- +)?(?:cache|bundler-cache|enable-cache|cache-dependency-path)\s*:(?!\s*["']?(?:false|none)\b)/;
const pathFilterAction = /\b(?:dorny\/paths-filter|tj-actions\/changed-files|nrwl\/nx-set-shas)@/;

function judgeWorkflow(file: string, text: string): PipelineParts | undefined {
  const outline = yamlOutline(text);
  const triggers = outline.filter(({ path }) => path[0] === 'on' || path[0] === 'true');
  if (!runsForChanges(triggers)) return undefined;
  const lines = commandLinesOf(file, text).map((line) => line.text);
  const top = (key: string, inFlow: RegExp) =>
    outline.some(({ path, value }) =>
      path.at(-1) === key
        ? !/^["']?false\b/.test(value)
        : value.startsWith('{') && inFlow.test(value),
    );
  return {
    file,
    cache: lines.some((line) => cachingAction.test(line)),
    cancel: top('cancel-in-progress', /\bcancel-in-progress\s*:\s*(?!false)/),
    paths:
      triggers.some(
        ({ path, value }) =>
          (path.length === 3 && /^paths(?:-ignore)?$/.test(path[2] ?? '')) ||
          (value.startsWith('{') && /\bpaths(?:-ignore)?\s*:/.test(value)),
      ) || lines.some((line) => pathFilterAction.test(line)),
  };
}

const changeEvent = /\b(?:push|pull_request(?:_target)?|merge_group)\b/;

/** Whether it runs for pushes or pull requests; for a tag alone it runs once a release. */
function runsForChanges(triggers: readonly YamlEntry[]): boolean {
  return triggers.some(({ path, value }, index) => {
    const [, event] = path;
    // `on: push`, `on: [push, pull_request]`, and the same as a list of lines.
    if (path.length === 1) return changeEvent.test(value);
    if (path.length !== 2 || !event || !changeEvent.test(event)) return false;
    if (event !== 'push') return true;
    const filters = triggers
      .slice(index + 1)
      .filter((other) => other.path[1] === 'push' && other.path.length === 3)
      .map((other) => other.path[2]);
    const flow = /\btags\s*:/.test(value) && !/\bbranches\b/.test(value);
    const tagsOnly =
      filters.includes('tags') && !filters.some((key) => key?.startsWith('branches'));
    return !flow && !tagsOnly;
  });
}
