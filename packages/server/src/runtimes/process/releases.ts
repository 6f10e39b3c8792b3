import { access, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { removeTree } from './remove-tree.ts';

/**
 * The folders that builds end in. One counts as built once its marker file is there: a build has to
 * happen in its final place, as virtual environments hold absolute paths, so that a rename at the
 * end can't be what makes it whole.
 */
export interface Releases {
  /** Where the release of that name lies: the artefact's reference. */
  pathOf(name: string): string;
  /** HOME of its processes. */
  homeOf(artifact: string): string;
  isComplete(artifact: string): Promise<boolean>;
  /** An empty folder, whatever was there. */
  begin(artifact: string): Promise<void>;
  complete(artifact: string): Promise<void>;
  /** Throws for what is not a release. Not there: fine. */
  remove(artifact: string): Promise<void>;
  /** Removes what builds left that were killed. */
  removeIncomplete(): Promise<void>;
  /** Removes all that are built but those. */
  removeBut(kept: ReadonlySet<string>): Promise<void>;
}

const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

export async function openReleases(home: string): Promise<Releases> {
  const releases = resolve(home, 'releases');
  const homes = resolve(home, 'homes');
  for (const folder of [releases, homes]) await mkdir(folder, { recursive: true, mode: 0o700 });

  /** Keeps removal inside of `releases`, whatever reference it is called with. */
  function nameOf(artifact: string): string {
    const name = basename(artifact);
    if (!safeName.test(name) || resolve(artifact) !== join(releases, name)) {
      throw new Error(`${artifact} is not a release below ${releases}`);
    }
    return name;
  }
  const markerOf = (artifact: string) => join(releases, `.${nameOf(artifact)}.complete`);
  const homeOf = (artifact: string) => join(homes, nameOf(artifact));

  async function remove(artifact: string): Promise<void> {
    await rm(markerOf(artifact), { force: true });
    await removeTree(artifact);
    await removeTree(homeOf(artifact));
  }

  return {
    pathOf(name) {
      const artifact = join(releases, name);
      return join(releases, nameOf(artifact));
    },
    homeOf,
    async isComplete(artifact) {
      if (dirname(resolve(artifact)) !== releases) return false;
      return (await exists(markerOf(artifact))) && (await exists(artifact));
    },
    async begin(artifact) {
      await remove(artifact);
      await mkdir(artifact, { mode: 0o755 });
      await mkdir(join(homeOf(artifact), 'tmp'), { recursive: true, mode: 0o700 });
    },
    async complete(artifact) {
      await writeFile(markerOf(artifact), '');
    },
    remove,
    async removeIncomplete() {
      // A removal that was killed has perhaps left only the second folder.
      for (const name of [...(await readdir(releases)), ...(await readdir(homes))]) {
        const artifact = join(releases, name);
        if (safeName.test(name) && !(await exists(markerOf(artifact)))) await remove(artifact);
      }
    },
    async removeBut(kept) {
      for (const name of await readdir(releases)) {
        const artifact = join(releases, name);
        if (safeName.test(name) && !kept.has(artifact)) await remove(artifact);
      }
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
