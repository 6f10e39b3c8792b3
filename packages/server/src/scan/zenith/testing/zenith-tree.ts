import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findZenithProjects, type ZenithSearchOptions } from '../find-zenith-projects.ts';

/** A folder of projects, gone when the test is over: `using tree = makeZenithTree({ … })`. */
export function makeZenithTree(files: Record<string, string> = {}) {
  const top = realpathSync(mkdtempSync(path.join(tmpdir(), 'borgos-zenith-')));
  const root = path.join(top, 'root');
  const home = path.join(top, 'home');
  mkdirSync(root);
  mkdirSync(home);
  const inRoot = (name: string) => path.join(root, name);

  function write(files: Record<string, string>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(inRoot(name)), { recursive: true });
      writeFileSync(inRoot(name), content);
    }
  }
  function git(folder: string, ...command: string[]): string {
    return execFileSync('git', command, {
      cwd: inRoot(folder),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: home,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@example.com',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@example.com',
      },
    });
  }
  write(files);
  return {
    root,
    path: inRoot,
    write,
    git,
    /** Makes a repository with one commit that no other repository has. */
    commit(folder: string, remote?: string): void {
      mkdirSync(inRoot(folder), { recursive: true });
      git(folder, 'init', '--quiet');
      writeFileSync(path.join(inRoot(folder), 'id.txt'), folder);
      git(folder, 'add', '.');
      git(folder, 'commit', '--quiet', '--message', `The beginning of ${folder}`);
      if (remote) git(folder, 'remote', 'add', 'origin', remote);
    },
    find: (options: ZenithSearchOptions = {}) =>
      findZenithProjects(root, { user: { home }, ...options }),
    [Symbol.dispose]: () => rmSync(top, { recursive: true, force: true }),
  };
}
