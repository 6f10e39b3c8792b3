import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recipeOf, withProject } from './temporary-project.ts';

const pom = (more = '') => `<project><properties>${more}</properties></project>`;
const spring = '<artifactId>spring-boot-starter-web</artifactId>';

describe('an app in Java', () => {
  it('is packaged by Maven, and its jar runs without it', async () => {
    const recipe = await recipeOf({ 'pom.xml': pom('<java.version>1.8</java.version>') });
    expect(recipe).toMatchObject({
      stack: 'java',
      version: '8',
      build: [
        ['mvn', '--batch-mode', '--no-transfer-progress', '-DskipTests', 'package'],
        ['sh', '.borgos/choose-jar.sh', 'jar', 'target'],
      ],
      start: ['java', '-XX:MaxRAMPercentage=75', '-jar', '.borgos/app/app.jar'],
      container: { builder: 'maven', run: { image: 'jre', copy: ['.borgos/app/'] } },
    });
  });

  it.each([
    [spring, '-Dserver.port={PORT}'],
    ['<groupId>io.quarkus.platform</groupId>', '-Dquarkus.http.port={PORT}'],
    ['<groupId>io.micronaut</groupId>', '-Dmicronaut.server.port={PORT}'],
  ])('is told its port as its framework wants it: %s', async (more, option) => {
    expect((await recipeOf({ 'pom.xml': pom(more) })).start).toContain(option);
    const commentedOut = await recipeOf({ 'pom.xml': pom(`<!-- ${more} -->`) });
    expect(commentedOut.start).not.toContain(option);
  });

  it('uses a wrapper only when it is whole', async () => {
    const maven = { 'pom.xml': pom(), mvnw: '' };
    expect((await recipeOf(maven)).build[0]?.[0]).toBe('mvn');
    const whole = { ...maven, '.mvn/wrapper/maven-wrapper.properties': '' };
    expect((await recipeOf(whole)).build[0]?.slice(0, 2)).toEqual(['sh', 'mvnw']);
    const gradle = { 'build.gradle': '', gradlew: '' };
    expect(await recipeOf(gradle)).toMatchObject({ container: { builder: 'gradle' } });
    const wrapped = { ...gradle, 'gradle/wrapper/gradle-wrapper.jar': '' };
    expect(await recipeOf(wrapped)).toMatchObject({ container: { builder: 'jdk' } });
  });

  it.each([
    ["plugins { id 'org.springframework.boot' version '3.2.0' }", 'bootJar'],
    ["plugins { id 'org.springframework.boot' version '1.5.0' }", 'assemble'],
    ["plugins { id 'io.quarkus' }", 'quarkusBuild'],
    ['plugins { id("io.ktor.plugin") }', 'buildFatJar'],
    ["plugins { id 'com.gradleup.shadow' }", 'shadowJar'],
    ["plugins { id 'java' }", 'assemble'],
    ["plugins { id 'application' }\napplication { mainClass = 'a.Main' }", 'installDist'],
  ])('is built by the task of Gradle that makes what runs: %s', async (script, task) => {
    const { build } = await recipeOf({ 'build.gradle': script });
    expect(build[0]).toEqual(['gradle', '--no-daemon', '--console=plain', task, '-x', 'test']);
  });

  it('with the plugin "application" runs its class, which may be that of a module', async () => {
    const recipe = await recipeOf({
      'settings.gradle.kts': 'include("app")',
      'app/build.gradle.kts': 'plugins { application }\napplication { mainClass.set("a.MainKt") }',
      gradlew: '',
    });
    expect(recipe.start?.slice(-3)).toEqual(['-cp', '.borgos/app/*', 'a.MainKt']);
    expect(recipe.build[1]).toEqual(['sh', '.borgos/choose-jar.sh', 'distribution', 'build']);
  });

  it.each([
    [{ '.tool-versions': 'java temurin-17.0.2+8' }, '17'],
    [{ 'system.properties': 'java.runtime.version=11' }, '11'],
    [{ '.sdkmanrc': 'java=21.0.2-tem' }, '21'],
    [
      { 'build.gradle': 'java { toolchain { languageVersion = JavaLanguageVersion.of(16) } }' },
      '17',
    ],
    [{ 'build.gradle': "sourceCompatibility = '1.8'" }, '8'],
    [
      {
        gradlew: '',
        'gradle/wrapper/gradle-wrapper.jar': '',
        'gradle/wrapper/gradle-wrapper.properties': 'distributionUrl=a/gradle-7.4-bin.zip',
      },
      '17',
    ],
    [{}, null],
  ])(
    'is for the version that its files say, or that its Gradle runs on: %j',
    async (files, version) => {
      expect((await recipeOf({ 'build.gradle': '', ...files })).version).toBe(version);
    },
  );
});

/** A stand-in for the `jar` of a JDK: what is "in" a jar lies beside it. */
const jarTool = '#!/bin/sh\nmkdir -p META-INF && cp "$2.manifest" META-INF/MANIFEST.MF\n';
const runs = 'Main-Class: a.Main\n';

async function choose(files: Record<string, string>, kind = 'jar'): Promise<string> {
  const script = await readFile(new URL('./choose-jar.sh', import.meta.url), 'utf8');
  return withProject({ 'choose-jar.sh': script, 'tools/jar': jarTool }, async (directory) => {
    await chmod(join(directory, 'tools/jar'), 0o755);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content);
    }
    const env = { PATH: `${join(directory, 'tools')}:/usr/bin:/bin` };
    const options = { cwd: directory, env, stdio: ['ignore', 'ignore', 'pipe'] as const };
    execFileSync('sh', ['choose-jar.sh', kind, 'target'], {
      ...options,
      stdio: [...options.stdio],
    });
    return readFile(join(directory, '.borgos/app/app.jar'), 'utf8').catch(() => '');
  });
}

describe('the jar that is run', () => {
  it('is the largest with a main class, and never a plain one', async () => {
    const chosen = await choose({
      'target/shop.jar': 'the fat one',
      'target/shop.jar.manifest': runs,
      'target/small.jar': 'thin',
      'target/small.jar.manifest': runs,
      'target/shop-plain.jar': 'the largest of all of them',
      'target/shop-plain.jar.manifest': runs,
      'target/library.jar': 'large, but without a main class',
      'target/library.jar.manifest': 'Manifest-Version: 1.0\n',
    });
    expect(chosen).toBe('the fat one');
  });

  it('may lie in a module, with a space in its name', async () => {
    const jar = 'my app/target/shop 1.jar';
    expect(await choose({ [jar]: 'it', [`${jar}.manifest`]: runs })).toBe('it');
  });

  it('of Quarkus comes with its libraries', async () => {
    expect(await choose({ 'target/quarkus-app/quarkus-run.jar': 'quarkus' })).toBe('quarkus');
  });

  it('that is none ends the build with what to do', async () => {
    await expect(choose({ 'target/a.jar': 'x', 'target/a.jar.manifest': '' })).rejects.toThrow(
      /No jar in target has a Main-Class: .* say "start" in borgos.json/,
    );
    await expect(choose({}, 'distribution')).rejects.toThrow(/made no folder target\/install/);
  });
});
