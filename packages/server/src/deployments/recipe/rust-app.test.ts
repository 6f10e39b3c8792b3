import { describe, expect, it } from 'vitest';
import { recipeOf } from './temporary-project.ts';

const cargo = '[package]\nname = "shop"\nversion = "0.1.0"\n';

describe('an app in Rust', () => {
  it('is put where it is found, and runs without the tools that built it', async () => {
    const recipe = await recipeOf({ 'Cargo.toml': cargo, 'Cargo.lock': '', 'src/main.rs': '' });
    expect(recipe).toMatchObject({
      stack: 'rust',
      install: [['cargo', 'fetch', '--locked']],
      build: [
        [
          ...['cargo', 'install', '--path', '.', '--root', '.borgos', '--no-track', '--force'],
          ...['--locked', '--bin', 'shop'],
        ],
        ['cargo', 'clean'],
      ],
      start: ['.borgos/bin/shop'],
      container: { run: { image: 'debian', packages: ['ca-certificates'] } },
    });
  });

  it.each([
    ['[[bin]]\nname = "web"\npath = "src/main.rs"', { 'src/main.rs': '' }, 'web'],
    ['', { 'src/bin/tool.rs': '', 'src/bin/server.rs': '' }, 'server'],
    ['', { 'src/bin/only/main.rs': '' }, 'only'],
  ])('has its program by the rules of Cargo: %s %j', async (more, files, name) => {
    const recipe = await recipeOf({ 'Cargo.toml': `${cargo}${more}`, ...files });
    expect(recipe.start).toEqual([`.borgos/bin/${name}`]);
  });

  it('has a program that it is to run by default', async () => {
    const files = { 'Cargo.toml': `${cargo}default-run = "b"\n`, 'src/main.rs': '' };
    expect((await recipeOf(files)).start).toEqual(['.borgos/bin/b']);
  });

  it('may be a member of a workspace: the one with a web framework', async () => {
    const recipe = await recipeOf({
      'Cargo.toml': '[workspace]\nmembers = ["crates/*", "lib"]',
      'lib/Cargo.toml': '[package]\nname = "lib"',
      'lib/src/lib.rs': '',
      'crates/cli/Cargo.toml': '[package]\nname = "cli"',
      'crates/cli/src/main.rs': '',
      'crates/site/Cargo.toml': '[package]\nname = "site"\n[dependencies]\naxum = "0.8"',
      'crates/site/src/main.rs': '',
    });
    expect(recipe.start).toEqual(['.borgos/bin/site']);
    expect(recipe.build[0]).toContain('crates/site');
  });

  it('of Rocket is told where to listen by its own variables, and gets the library it links', async () => {
    const needs = `${cargo}[dependencies]\nrocket = "0.5"\nreqwest = "0.12"\n`;
    const recipe = await recipeOf({ 'Cargo.toml': needs, 'src/main.rs': '' });
    expect(recipe.start).toEqual([
      ...['env', 'ROCKET_ADDRESS={HOST}', 'ROCKET_PORT={PORT}', '.borgos/bin/shop'],
    ]);
    expect(recipe.container?.run?.packages).toContain('libssl3');
  });

  it.each([
    [{ 'rust-toolchain.toml': '[toolchain]\nchannel = "1.86.0"' }, '1.86'],
    [{ 'rust-toolchain': 'nightly' }, '1.81'],
    [{ '.tool-versions': 'rust 1.88.0' }, '1.88'],
  ])('has the version that it pins: %j', async (files, version) => {
    const manifest = `${cargo}rust-version = "1.81"\n`;
    expect(await recipeOf({ 'Cargo.toml': manifest, 'src/main.rs': '', ...files })).toMatchObject({
      version,
    });
  });

  it('that is a library says so, and a broken manifest names its line', async () => {
    await expect(recipeOf({ 'Cargo.toml': cargo, 'src/lib.rs': '' })).rejects.toThrow(
      /in Rust, but no package of it has a program/,
    );
    await expect(recipeOf({ 'Cargo.toml': '[package\n' })).rejects.toThrow(/Cargo.toml .* line 1/);
  });
});
