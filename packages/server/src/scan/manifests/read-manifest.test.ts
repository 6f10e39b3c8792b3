import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBroken } from './manifest.ts';
import { isManifestFile, readManifest } from './read-manifest.ts';

/** One of every kind. */
const PATHS = `package.json pnpm-workspace.yaml package-lock.json yarn.lock pnpm-lock.yaml bun.lock
deno.json deno.lock requirements.txt pyproject.toml Pipfile Pipfile.lock setup.cfg setup.py poetry.lock
uv.lock pylock.toml environment.yml go.mod go.work go.sum Cargo.toml Cargo.lock pom.xml build.gradle
build.gradle.kts settings.gradle libs.versions.toml gradle.lockfile composer.json composer.lock Gemfile
a.gemspec Gemfile.lock a.csproj Directory.Packages.props packages.config packages.lock.json mix.exs
mix.lock pubspec.yaml pubspec.lock Package.swift Package.resolved Dockerfile compose.yaml`.split(
  /\s+/,
);

/** More than any of it takes on a machine that is busy with other things. */
const SECONDS = 5;

function timed(path: string, content: Buffer) {
  const start = process.cpuUsage();
  const manifest = readManifest(path, content);
  const { user, system } = process.cpuUsage(start);
  return { manifest, seconds: (user + system) / 1e6 };
}

describe('readManifest', () => {
  it('knows a manifest by its name alone, wherever it lies', () => {
    for (const path of PATHS) expect(isManifestFile(`a/b/${path}`), path).toBe(true);
    for (const path of ['README.md', 'package.json.bak', 'requirements/notes.md', 'lock.txt']) {
      expect(readManifest(path, Buffer.from('{}')), path).toBe(null);
    }
  });

  it('says of every kind that it is empty or broken, and never throws', () => {
    for (const path of PATHS) {
      for (const text of ['', '\n', '{}', '[]', 'null', '0', '"', '<a/>', '- a\n', 'a: b\n']) {
        const manifest = readManifest(path, Buffer.from(text));
        expect(manifest, `${path} ${text}`).not.toBe(null);
      }
    }
  });

  it('reads any bytes or says what is wrong with them', () => {
    const words = fc.constantFrom(
      ...'{ } [ ] " : , = ( ) < > / name version dependencies require gem from image packages: - * & # \\'.split(
        ' ',
      ),
      '\n',
      '  ',
      '[[package]]\n',
      'FROM ',
      '<dependency>',
      '__proto__',
      '\0',
      'é',
    );
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.array(words, { maxLength: 60 }).map((list) => Buffer.from(list.join(''))),
    );
    fc.assert(
      fc.property(fc.constantFrom(...PATHS), content, (path, bytes) => {
        const manifest = readManifest(path, bytes);
        if (!manifest) throw new Error('not recognised');
        if (isBroken(manifest)) {
          expect(manifest.error).not.toBe('');
          expect(manifest.line === null || manifest.line >= 1).toBe(true);
          return;
        }
        for (const { name } of manifest.direct) expect(name).toMatch(/^\P{Cc}{1,300}$/u);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['package.json', '['.repeat(4_000_000)],
    ['package.json', '{"dependencies":'.repeat(300_000)],
    ['deno.json', '['.repeat(4_000_000)],
    ['pyproject.toml', `a = ${'['.repeat(500_000)}`],
    ['pyproject.toml', `[${'a.'.repeat(200_000)}a]`],
    ['compose.yaml', '['.repeat(200_000)],
    ['compose.yaml', '- &a b\n- *a\n'.repeat(10_000)],
    [
      'compose.yaml',
      Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    ],
    ['pom.xml', '<a>'.repeat(300_000)],
    ['pom.xml', `<project ${'a="b" '.repeat(100_000)}/>`],
    ['setup.py', `setup(install_requires=[${'"a",'.repeat(500_000)}`],
    ['setup.py', 'setup('.repeat(300_000)],
    ['setup.py', ' '.repeat(2_000_000)],
    ['requirements.txt', 'a\\\n'.repeat(1_000_000)],
    ['requirements.txt', `a ${' '.repeat(2_000_000)}`],
    ['Dockerfile', `FROM ${'--a '.repeat(500_000)}`],
    ['Dockerfile', 'FROM a\\\n'.repeat(300_000)],
    ['Package.swift', '.package(url: "'.repeat(200_000)],
    ['Gemfile', `gem "a"${', "b"'.repeat(300_000)}`],
    ['build.gradle', `implementation ${'"a:b'.repeat(300_000)}`],
    ['mix.exs', `defp deps do ${'{:a, '.repeat(300_000)}`],
    ['a.gemspec', `${' '.repeat(1_000_000)}x.name`],
    ['yarn.lock', '"@'.repeat(3_000_000)],
  ])('is not held up by a bomb in %s', (path, text) => {
    const { manifest, seconds } = timed(path, Buffer.from(text));
    expect(manifest).not.toBe(null);
    expect(seconds).toBeLessThan(SECONDS);
  });

  it('makes nothing of what entities and aliases stand for', () => {
    const xml = `<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]>
<project><artifactId>&a;&f;</artifactId></project>`;
    expect(readManifest('pom.xml', Buffer.from(xml))).not.toMatchObject({ name: /a{10}|root/ });
    const levels = Array.from({ length: 9 }, (_, level) => {
      const above = level === 0 ? 'x' : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array(9).fill(above).join(',')}]`;
    });
    expect(readManifest('compose.yaml', Buffer.from(levels.join('\n')))).toMatchObject({
      error: 'is not valid YAML: its aliases cannot be resolved',
    });
  });

  it('leaves prototypes alone', () => {
    const text = '{"__proto__":{"polluted":1},"dependencies":{"__proto__":"1","constructor":"2"}}';
    expect(readManifest('package.json', Buffer.from(text))).toMatchObject({
      direct: [{ name: '__proto__' }, { name: 'constructor' }],
    });
    readManifest('pyproject.toml', Buffer.from('[__proto__]\npolluted = 1\n'));
    readManifest(
      'compose.yaml',
      Buffer.from('__proto__: {polluted: 1}\nservices: {__proto__: {}}'),
    );
    expect({}).not.toHaveProperty('polluted');
  });

  it('refuses what is too large, and keeps 50,000 packages of what is not', () => {
    expect(readManifest('package.json', Buffer.alloc(5 * 1024 * 1024 + 1, 32))).toMatchObject({
      error: 'is larger than 5 MB',
      line: null,
    });
    const packages = Object.fromEntries(
      Array.from({ length: 60_000 }, (_, index) => [`p${index}`, '1.0.0']),
    );
    const text = JSON.stringify({ dependencies: packages });
    const manifest = readManifest('package.json', Buffer.from(text));
    expect(manifest).toHaveProperty('direct.length', 50_000);
  });

  it.each([
    [
      'yarn.lock',
      (n: number) => `p${n}@^1.0.0:\n  version "1.0.${n}"\n  resolved "${'x'.repeat(200)}"\n\n`,
    ],
    [
      'pnpm-lock.yaml',
      (n: number) =>
        `${n === 0 ? 'packages:\n' : ''}  p${n}@1.0.0:\n    resolution: {integrity: ${'x'.repeat(200)}}\n`,
    ],
    [
      'poetry.lock',
      (n: number) => `[[package]]\nname = "p${n}"\nversion = "1"\nfiles = "${'x'.repeat(200)}"\n\n`,
    ],
    ['go.sum', (n: number) => `example.org/p${n} v1.0.0 h1:${'x'.repeat(200)}=\n`],
    ['bun.lock', (n: number) => `    "p${n}": ["p${n}@1.0.0", "", {}, "${'x'.repeat(200)}"],\n`],
  ])('reads a %s of 20 MB in the time of a few', (path, entry) => {
    let text = '';
    for (let number = 0; text.length < 19_900_000; number++) text += entry(number);
    const { manifest, seconds } = timed(path, Buffer.from(text));
    expect(manifest).toHaveProperty('locked.length', 50_000);
    expect(seconds).toBeLessThan(SECONDS);
  });

  it('reads what an editor of Windows has written', () => {
    const text = '\ufeff{\r\n "name": "a"\r\n}';
    expect(readManifest('package.json', Buffer.from(text))).toMatchObject({ name: 'a' });
    const wide = Buffer.from('\ufeffflask==3\r\nclick\r\n', 'utf16le');
    expect(readManifest('requirements.txt', wide)).toMatchObject({
      direct: [{ name: 'flask' }, { name: 'click' }],
    });
  });
});
