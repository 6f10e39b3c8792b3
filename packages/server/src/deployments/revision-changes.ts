import type { RevisionChange } from '@borgos/contracts/revisions';
import type { VolumeMount } from '@borgos/contracts/volumes';
import type { Secrets } from '../secrets/secrets.ts';
import type { Recipe } from './recipe.ts';
import { compareSecrets } from './revision-secrets.ts';
import type { RevisionRow } from './revision-store.ts';

type Setting = RevisionChange['setting'];

/**
 * What a revision has otherwise than the one before; `null` when that is not known.
 * @param earlier those before it, newest first. One that was never built has no recipe: what is built
 *   is compared with the last one that was.
 */
export function changesOf(
  secrets: Secrets,
  revision: RevisionRow,
  earlier: RevisionRow[],
): RevisionChange[] | null {
  const [before] = earlier;
  if (before?.number !== revision.number - 1) return null;
  const built = earlier.find(({ recipe }) => recipe !== null);
  return [
    ...environmentChanges(before.environment, revision.environment),
    ...secretChanges(secrets, before, revision),
    ...changed('cpu_limit', before.cpu_limit, revision.cpu_limit),
    ...changed('memory_limit', before.memory_limit, revision.memory_limit),
    ...changed('health_check_path', before.health_check_path, revision.health_check_path),
    ...changed('root', before.root, revision.root),
    ...volumeChanges(mountsOf(before, built), mountsOf(revision, built)),
    ...(built?.recipe && revision.recipe ? recipeChanges(built.recipe, revision.recipe) : []),
    ...(built && revision.recipe
      ? changed('source_commit', built.source_commit, revision.source_commit)
      : []),
  ];
}

function environmentChanges(
  before: Record<string, string>,
  after: Record<string, string>,
): RevisionChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) =>
    changed('environment', variableOf(before, name), variableOf(after, name), name),
  );
}

function volumeChanges(before: VolumeMount[], after: VolumeMount[]): RevisionChange[] {
  const pathIn = (mounts: VolumeMount[], name: string) =>
    mounts.find((mount) => mount.name === name)?.path ?? null;
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort();
  return names.flatMap((name) =>
    changed('volume', pathIn(before, name), pathIn(after, name), name),
  );
}

/** One that was not built has what the last one that was says, as far as is known. */
function mountsOf(revision: RevisionRow, built: RevisionRow | undefined): VolumeMount[] {
  return revision.volumes ?? (revision.recipe ?? built?.recipe)?.volumes ?? [];
}

/** A variable may have the name of what every object has. */
function variableOf(values: Record<string, string>, name: string): string | null {
  return Object.hasOwn(values, name) ? (values[name] ?? null) : null;
}

function secretChanges(
  secrets: Secrets,
  before: RevisionRow,
  after: RevisionRow,
): RevisionChange[] {
  const compared = Object.entries(compareSecrets(secrets, before, after)) as [
    RevisionChange['change'],
    string[],
  ][];
  return compared
    .flatMap(([change, names]) =>
      names.map((name) => ({
        setting: 'secret' as const,
        name,
        change,
        before: null,
        after: null,
      })),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function recipeChanges(before: Recipe, after: Recipe): RevisionChange[] {
  return [
    ...changed('stack', before.stack, after.stack),
    ...changed('install', commandLines(before.install), commandLines(after.install)),
    ...changed('build', commandLines(before.build), commandLines(after.build)),
    ...changed('start', commandLine(before.start), commandLine(after.start)),
  ];
}

/** For a person to read; no shell is given it. */
function commandLine(command: string[] | null): string | null {
  return (
    command?.map((word) => (/^[^\s"'\\]+$/.test(word) ? word : JSON.stringify(word))).join(' ') ??
    null
  );
}

function commandLines(commands: string[][]): string | null {
  return commands.length === 0 ? null : commands.map(commandLine).join('\n');
}

function changed(
  setting: Setting,
  before: string | null,
  after: string | null,
  name: string | null = null,
): RevisionChange[] {
  if (before === after) return [];
  const change = before === null ? 'added' : after === null ? 'removed' : 'changed';
  return [{ setting, name, change, before, after }];
}
