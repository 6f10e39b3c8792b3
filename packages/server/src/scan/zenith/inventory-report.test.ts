import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readInventoryReport, reportName } from './inventory-report.ts';
import { makeZenithTree } from './testing/zenith-tree.ts';

const reportOf = (projects: unknown) => ({
  [reportName]: JSON.stringify({ scan_date: '', base_path: '/Users/me/ai', summary: {}, projects }),
});

describe('an inventory report', () => {
  test('names projects that were found, and hints at what they are', async () => {
    using tree = makeZenithTree({
      'apps/shop/package.json': '{"name":"from-manifest"}',
      'backend/main.py': '',
      ...reportOf([
        {
          name: 'Shop',
          path: '/Users/me/ai/apps/shop',
          relative_path: 'apps/shop',
          tech_stack: ['React', 'Node.js', ' react ', 'a,b', 7],
          project_type: 'Web',
          files: 12,
        },
        { name: 'API', relative_path: './backend/', project_type: 'Python', tech_stack: 'no list' },
      ]),
    });
    expect((await tree.find()).projects).toMatchObject([
      { name: 'Shop', hints: { tech_stack: ['react', 'node.js'], project_type: 'web' } },
      { name: 'Zenith Coder Backend', hints: { tech_stack: [], project_type: null } },
    ]);
  });

  test('adds a folder that is there and has files, wherever the report was made', async () => {
    using tree = makeZenithTree({
      'site/pages/index.html': '',
      'app/package.json': '{}',
      'app/docs/readme.md': '',
      'group/one/package.json': '{}',
      '.secret/x.txt': '',
      'node_modules/x/index.js': '',
      'file.txt': '',
      ...reportOf([
        { name: 'Inner', relative_path: 'site/pages' },
        { name: 'Site', relative_path: 'site' },
        { relative_path: 'app/docs' },
        { relative_path: 'group' },
        { relative_path: 'gone' },
        { relative_path: 'empty' },
        { relative_path: 'link/x' },
        { relative_path: '.secret' },
        { relative_path: 'node_modules/x' },
        { relative_path: 'file.txt' },
        { relative_path: 'a/b/c/d/e/f/g' },
      ]),
    });
    mkdirSync(tree.path('empty/nothing'), { recursive: true });
    symlinkSync(tree.path('site'), tree.path('link'));
    const { projects, ignoredHints } = await tree.find();
    expect(projects.map(({ path }) => path)).toEqual(
      ['app', 'group/one', 'site'].map((name) => tree.path(name)),
    );
    expect(projects[2]?.name).toBe('Site');
    const reasons = Object.fromEntries(ignoredHints.map(({ what, reason }) => [what, reason]));
    expect(reasons).toEqual({
      'site/pages': 'it lies in the project site',
      'app/docs': 'it lies in the project app',
      group: 'other projects lie in it',
      gone: 'there is no such folder',
      empty: 'there are no files in it',
      'link/x': 'there is a link on the way to it',
      '.secret': 'it lies in a hidden folder',
      'node_modules/x': 'it lies in a dependency folder',
      'file.txt': 'there is no such folder',
      'a/b/c/d/e/f/g': 'it lies more than 6 folders deep',
    });
  });

  test('makes a root with a manifest the place to look in, if it names a folder in there', async () => {
    using tree = makeZenithTree({
      'package.json': '{"name":"tools"}',
      'site/index.html': '',
      ...reportOf([{ name: 'Site', relative_path: 'site' }]),
    });
    expect((await tree.find()).projects).toMatchObject([{ name: 'Site' }]);
  });

  test('is none where there is no such file', () => {
    using tree = makeZenithTree();
    expect(readInventoryReport(tree.root)).toEqual({ projects: [], ignored: [] });
  });

  test.each([
    ['/etc', 'its relative_path is absolute'],
    ['../other', 'its relative_path leads out of the folder'],
    ['a/../../b', 'its relative_path leads out of the folder'],
    ['a\u0000b', 'its relative_path has control characters'],
    ['', 'its relative_path is the folder itself'],
    ['./', 'its relative_path is the folder itself'],
    [7, 'its relative_path is not text'],
    [undefined, 'its relative_path is not text'],
    ['x/'.repeat(3_000), 'its relative_path is too long'],
  ])('ignores an entry with the path %j', (relative_path, reason) => {
    using tree = makeZenithTree(
      reportOf([{ name: 'Bad', relative_path }, { relative_path: 'ok' }]),
    );
    const { projects, ignored } = readInventoryReport(tree.root);
    expect(projects.map(({ relative }) => relative)).toEqual(['ok']);
    expect(ignored).toEqual([{ what: 'Bad', reason }]);
  });

  test.each([
    ['{"projects": [', 'it is not valid JSON'],
    ['', 'it is not valid JSON'],
    ['[]', 'it has no list "projects"'],
    ['null', 'it has no list "projects"'],
    ['{"projects": {"a": 1}}', 'it has no list "projects"'],
    ['{"__proto__": {"projects": []}}', 'it has no list "projects"'],
  ])('that reads %j is ignored', (text, reason) => {
    using tree = makeZenithTree({ [reportName]: text });
    const ignored = [{ what: reportName, reason }];
    expect(readInventoryReport(tree.root)).toEqual({ projects: [], ignored });
  });

  test('of 100 MB is not read, and one that is a pipe or a link is none', () => {
    using large = makeZenithTree({ [reportName]: '' });
    truncateSync(large.path(reportName), 100 * 1_048_576);
    expect(readInventoryReport(large.root).ignored[0]?.reason).toMatch(/larger than 5242880 bytes/);
    using pipe = makeZenithTree();
    execFileSync('mkfifo', [pipe.path(reportName)]);
    expect(readInventoryReport(pipe.root)).toEqual({ projects: [], ignored: [] });
    using link = makeZenithTree({ '../report.json': '{"projects":[{"relative_path":"a"}]}' });
    symlinkSync('../report.json', link.path(reportName));
    expect(readInventoryReport(link.root)).toEqual({ projects: [], ignored: [] });
  });

  test('with endless entries is cut, and so are the reasons', () => {
    using tree = makeZenithTree(reportOf(Array.from({ length: 20_000 }, () => 1)));
    const { projects, ignored } = readInventoryReport(tree.root);
    expect(projects).toEqual([]);
    expect(ignored).toHaveLength(100);
    expect(ignored[0]?.reason).toMatch(/more than 10000 projects/);
  });

  test('never throws, nor names a place outside of the root', () => {
    using tree = makeZenithTree();
    const entry = fc.record(
      { relative_path: fc.oneof(fc.string(), fc.anything(), fc.constantFrom('..', '/', 'a//b')) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(entry, fc.jsonValue())), (projects) => {
        tree.write(reportOf(projects));
        for (const { relative } of readInventoryReport(tree.root).projects) {
          expect(relative).not.toMatch(/^$|^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
