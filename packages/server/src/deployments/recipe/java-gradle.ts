import type { JavaBuild } from './java-app.ts';
import { findJavaVersion } from './java-version.ts';
import type { ProjectFiles } from './project-files.ts';

const mostModules = 30;

/** A project of Gradle. Its own wrapper is used when it is whole. */
export async function findGradleBuild(project: ProjectFiles): Promise<JavaBuild | undefined> {
  const settings = await firstOf(project, ['settings.gradle.kts', 'settings.gradle']);
  const top = await firstOf(project, ['build.gradle.kts', 'build.gradle']);
  if (top === undefined && (settings === undefined || !(await project.isFile('gradlew')))) {
    return undefined;
  }
  const scripts = [top?.text ?? '', ...(await scriptsOfModules(project, settings?.text ?? ''))];
  const all = scripts.join('\n');
  const framework = frameworkOf(all);
  const mainClass = framework === 'spring' || framework === 'quarkus' ? null : mainClassOf(scripts);
  const properties = 'gradle/wrapper/gradle-wrapper.properties';
  const wrapper =
    (await project.isFile('gradlew')) &&
    (await project.isFile('gradle/wrapper/gradle-wrapper.jar'));
  const distribution = wrapper ? ((await project.head(properties, 4096)) ?? '') : '';
  const gradle = wrapper ? ['sh', 'gradlew'] : ['gradle'];
  const task = taskOf(all, framework, mainClass);
  return {
    foundBy: (top ?? settings)?.file ?? 'build.gradle',
    builder: wrapper ? 'jdk' : 'gradle',
    commands: [[...gradle, '--no-daemon', '--console=plain', task, '-x', 'test']],
    version: await findJavaVersion(project, versionIn(all), versionOfGradle(distribution)),
    framework,
    output: 'build',
    mainClass: task === 'installDist' ? mainClass : null,
  };
}

async function firstOf(project: ProjectFiles, files: string[]) {
  for (const file of files) {
    const text = await project.read(file);
    if (text !== undefined) return { file, text: withoutComments(text) };
  }
  return undefined;
}

async function scriptsOfModules(project: ProjectFiles, settings: string): Promise<string[]> {
  const texts: string[] = [];
  const included = [...settings.matchAll(/\binclude\b([^\n]{1,500})/g)].flatMap((line) =>
    [...(line[1] ?? '').matchAll(/["']:?([\w.:-]{1,200})["']/g)].map((match) => match[1] ?? ''),
  );
  for (const name of included.slice(0, mostModules)) {
    const folder = name.replaceAll(':', '/');
    const script = await firstOf(project, [`${folder}/build.gradle.kts`, `${folder}/build.gradle`]);
    if (script) texts.push(script.text);
  }
  return texts;
}

/** Without what is commented out; addresses have slashes, too. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, '').replace(/^[ \t]*\/\/.*$/gm, '');
}

function frameworkOf(scripts: string): JavaBuild['framework'] {
  if (/io\.quarkus/.test(scripts)) return 'quarkus';
  if (/io\.micronaut/.test(scripts)) return 'micronaut';
  return /org\.springframework\.boot|spring-boot-gradle-plugin|spring-boot-starter/.test(scripts)
    ? 'spring'
    : null;
}

function mainClassOf(scripts: string[]): string | null {
  for (const script of scripts) {
    const name =
      /\bmainClass(?:Name)?\s{0,5}(?:=|\.set\s{0,5}\()\s{0,5}["']([\w.$]{1,300})["']/.exec(
        script,
      )?.[1];
    if (name && /(^|\W)["'`]?application["'`]?(\W|$)/.test(script)) return name;
  }
  return null;
}

function taskOf(
  scripts: string,
  framework: JavaBuild['framework'],
  mainClass: string | null,
): string {
  if (framework === 'quarkus') return 'quarkusBuild';
  if (framework === 'spring') {
    // Before Spring Boot 2 its plugin made the jar of the task "jar" one that can be run.
    return /spring-boot-gradle-plugin:1\.|springframework\.boot["')]+\s{1,5}version\s{1,5}["']1\./.test(
      scripts,
    )
      ? 'assemble'
      : 'bootJar';
  }
  if (/io\.ktor\.plugin/.test(scripts)) return 'buildFatJar';
  if (/com\.(github\.johnrengelman|gradleup)\.shadow/.test(scripts)) return 'shadowJar';
  return mainClass === null ? 'assemble' : 'installDist';
}

function versionIn(scripts: string): string | undefined {
  return (
    /JavaLanguageVersion\.of\(\s{0,5}["']?(\d{1,2})/.exec(scripts)?.[1] ??
    /jvmToolchain\(\s{0,5}(\d{1,2})/.exec(scripts)?.[1] ??
    /(?:source|target)Compatibility\s{0,5}=?\s{0,5}(?:JavaVersion\.VERSION_)?["']?([\d._]{1,5})/.exec(
      scripts,
    )?.[1]
  );
}

/** The newest Java with long-term support that a version of Gradle runs on. */
function versionOfGradle(properties: string): string | undefined {
  const version = /gradle-(\d+)\.(\d+)/.exec(properties);
  if (!version) return undefined;
  const number = Number(version[1]) * 100 + Number(version[2]);
  if (number >= 805) return undefined;
  return number >= 703 ? '17' : number >= 500 ? '11' : '8';
}
