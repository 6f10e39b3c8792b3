// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells and Dockerfiles write variables so
import { describe, expect, it } from 'vitest';
import { findExposedPort, parseDockerfile } from './own-dockerfile.ts';
import { recipeOf } from './temporary-project.ts';

const portOf = (text: string) => findExposedPort(parseDockerfile(text));

describe("a project's own Dockerfile", () => {
  it('comes before everything else, and its EXPOSE tells the port', async () => {
    const recipe = await recipeOf({
      Dockerfile: 'FROM node\nEXPOSE 4000\nCMD ["node", "a.js"]',
      Procfile: 'web: node b.js',
      'package.json': '{ broken',
    });
    expect(recipe).toMatchObject({
      stack: 'dockerfile',
      dockerfile: 'Dockerfile',
      port: 4000,
      install: [],
      build: [],
      start: null,
      extraFiles: [],
    });
  });

  it('without EXPOSE is told to listen on 8080', async () => {
    const recipe = await recipeOf({ Dockerfile: 'from scratch' });
    expect(recipe.port).toBe(8080);
    expect(recipe.notes.join()).toContain('EXPOSE');
  });

  it('without FROM is refused', async () => {
    await expect(recipeOf({ Dockerfile: '# nothing' })).rejects.toMatchObject({
      code: 'STACK_NOT_FOUND',
      message: expect.stringContaining('Dockerfile') as string,
    });
  });

  it.each([
    ['FROM a\nEXPOSE 80 443', 80],
    ['FROM a\nEXPOSE 53/udp 5353/tcp', 5353],
    ['FROM a\nexpose   "7000"', 7000],
    ['FROM a\nEXPOSE 8000-8010', 8000],
    ['FROM a\nEXPOSE \\\n  # a comment\n  9000', 9000],
    ['ARG P=1\nFROM a\nARG P=5000\nEXPOSE $P', 5000],
    ['ARG P=5001\nFROM a\nARG P\nEXPOSE ${P}', 5001],
    ['FROM a\nENV PORT 6000\nEXPOSE $PORT/tcp', 6000],
    ['FROM a\nENV A=6 B=${A}001\nEXPOSE $B', 6001],
    ['FROM a\nEXPOSE ${P:-6002}', 6002],
    ['FROM a AS build\nEXPOSE 1\nFROM b\nEXPOSE 2222', 2222],
    ['FROM a AS base\nEXPOSE 3333\nFROM base', 3333],
    ['FROM --platform=linux/amd64 a AS Base\nENV P=3334\nFROM base\nEXPOSE $P', 3334],
    ['FROM a\nRUN <<EOF\nEXPOSE 1\nEOF\nEXPOSE 4444', 4444],
    ['# escape=`\nFROM a\nEXPOSE `\n 4445', 4445],
    ['FROM a\r\nEXPOSE 4446\r\n', 4446],
    ['FROM a AS build\nEXPOSE 1\nFROM b', undefined],
    ['FROM a\nEXPOSE 99999 nonsense $UNKNOWN', undefined],
  ])('exposes: %j', (text, port) => {
    expect(portOf(text)).toBe(port);
  });

  it('costs little even if it is made to be slow', () => {
    const doubling = `FROM a\nENV A=xx\n${'ENV A=$A$A\n'.repeat(20_000)}EXPOSE ${'$A'.repeat(2000)}`;
    const blanks = `FROM a\nENV A${' '.repeat(500_000)}=\nEXPOSE 80`;
    const start = performance.now();
    expect(portOf(doubling)).toBeUndefined();
    expect(portOf(blanks)).toBe(80);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
