import { projectType } from '@borgos/contracts/projects';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../manifests/read-manifest.ts';
import { detectStack } from './detect-stack.ts';
import type { StackInput } from './stack-input.ts';
import { technologies } from './technologies.ts';
import { type MiniProject, miniProjects } from './testing/mini-projects.ts';

function inputOf({ files, languages }: Pick<MiniProject, 'files' | 'languages'>): StackInput {
  const contents = new Map(
    Object.entries(files).map(([path, content]) => {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      return [path, Buffer.from(text)];
    }),
  );
  return {
    files: [...contents.keys()],
    manifests: [...contents].flatMap(([path, content]) => readManifest(path, content) ?? []),
    languages: languages.split(', ').flatMap((entry) => {
      const [, name = '', code] = /^(.+) (\d+)$/.exec(entry) ?? [];
      return name ? { name, code: Number(code) } : [];
    }),
    read: (path) => contents.get(path) ?? null,
  };
}

describe('detectStack', () => {
  it.each(miniProjects)('finds what $is is made of', (project) => {
    const { tech_stack, project_type } = detectStack(inputOf(project));
    expect(tech_stack.join(' ')).toBe(project.stack);
    expect(project_type).toBe(project.type);
  });

  it('names a file for each technology, the nearest to the root', () => {
    const { evidence } = detectStack(
      inputOf({
        files: {
          'web/deep/package.json': { dependencies: { react: '18' } },
          'web/package.json': { dependencies: { next: '14' } },
        },
        languages: 'TypeScript 10',
      }),
    );
    expect(evidence).toEqual([
      { technology: 'typescript', file: null },
      { technology: 'nextjs', file: 'web/package.json' },
      { technology: 'react', file: 'web/package.json' },
    ]);
  });

  it('tells a language by the manifest where no line is counted', () => {
    const { tech_stack } = detectStack(
      inputOf({ files: { 'go.mod': 'module x\n' }, languages: '' }),
    );
    expect(tech_stack).toEqual(['go']);
  });

  it('gives the same answer in whatever order it is told', () => {
    for (const project of miniProjects) {
      const input = inputOf(project);
      const turned = {
        ...input,
        files: input.files.toReversed(),
        manifests: input.manifests.toReversed(),
        languages: input.languages.toReversed(),
      };
      expect(detectStack(turned), project.is).toEqual(detectStack(input));
    }
  });

  it('goes on when a manifest is broken or a file cannot be read', () => {
    const input = inputOf({
      files: { 'package.json': '{', 'requirements.txt': 'flask\n', 'shop/settings.py': '' },
      languages: 'Python 10',
    });
    const { tech_stack, project_type } = detectStack({ ...input, read: () => null });
    expect(tech_stack).toEqual(['python', 'flask']);
    expect(project_type).toBe('api');
  });

  it('names at most 30, each once, and opens few files', () => {
    const all = technologies.flatMap(({ from }) => from?.split(' ') ?? []);
    const names = all.flatMap((sign) => (sign.startsWith('npm:') ? sign.slice(4) : []));
    const dependencies = Object.fromEntries(names.map((name) => [name, '1']));
    let opened = 0;
    const files = Array.from({ length: 500 }, (_, index) => `p${index}/main.py`);
    const input = inputOf({ files: { 'package.json': { dependencies } }, languages: 'Python 1' });
    const { tech_stack } = detectStack({
      ...input,
      files: [...files, ...files.map((path) => path.replace('main', 'settings'))],
      read: () => {
        opened++;
        return null;
      },
    });
    expect(tech_stack).toHaveLength(30);
    expect(new Set(tech_stack).size).toBe(30);
    expect(opened).toBeLessThan(60);
  });

  it('answers within the contract, whatever a project holds', () => {
    const path = fc
      .array(
        fc.constantFrom(
          'a',
          'src',
          'test',
          'main.py',
          'k8s',
          'x.vue',
          '.',
          '__proto__',
          'Chart.yaml',
        ),
        {
          minLength: 1,
          maxLength: 4,
        },
      )
      .map((parts) => parts.join('/'));
    const content = fc.oneof(fc.string(), fc.json()).map((text) => Buffer.from(text));
    fc.assert(
      fc.property(fc.array(path), content, fc.string(), (files, bytes, name) => {
        const { tech_stack, project_type } = detectStack({
          files: [...files, name],
          manifests: [readManifest('package.json', bytes) ?? []].flat(),
          languages: [
            { name, code: Number.NaN },
            { name: 'Python', code: -1 },
          ],
          read: () => bytes,
        });
        for (const technology of tech_stack) expect(technology).toMatch(/^[^\p{Cc},]{1,50}$/u);
        expect(projectType.nullable().safeParse(project_type).success).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('looks through 200,000 files in a moment', () => {
    const files = Array.from(
      { length: 200_000 },
      (_, index) => `a/b${index % 900}/c/file${index}.ts`,
    );
    const start = process.cpuUsage();
    detectStack({ files, manifests: [], languages: [], read: () => null });
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(5);
  });
});

describe('the table of technologies', () => {
  it('names each once, in lower case, as a project may have it', () => {
    const names = technologies.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9.+-]{1,50}$/);
    expect(names.length).toBeGreaterThan(150);
  });

  it('has signs that can be met: a known source, and no blanks between', () => {
    for (const { name, from, files } of technologies) {
      for (const sign of from?.split(' ') ?? []) {
        expect(sign, name).toMatch(
          /^(?:npm|pypi|go|cargo|maven|composer|rubygems|nuget|hex|pub|swift|deno|image|plugin):[^\s*]+\*?$/,
        );
      }
      for (const sign of files?.split(' ') ?? []) expect(sign, name).toMatch(/^\S+$/);
    }
  });
});
