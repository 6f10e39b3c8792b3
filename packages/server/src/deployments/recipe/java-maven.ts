import type { JavaBuild } from './java-app.ts';
import { findJavaVersion } from './java-version.ts';
import type { ProjectFiles } from './project-files.ts';

/** One that is never closed goes to the end, so that the text is looked at once. */
const comment = /<!--[\s\S]*?(?:-->|$)/g;

/** A project of Maven. Its own wrapper is used when it is whole. */
export async function findMavenBuild(project: ProjectFiles): Promise<JavaBuild | undefined> {
  const text = await project.read('pom.xml');
  if (text === undefined) return undefined;
  const pom = text.replace(comment, '');
  const modules = [...pom.matchAll(/<module>\s{0,99}([\w./-]{1,200})\s{0,99}<\/module>/g)];
  let all = pom;
  for (const [, folder] of modules.slice(0, 20)) {
    all += ((await project.read(`${folder}/pom.xml`)) ?? '').replace(comment, '');
  }
  const wrapper =
    (await project.isFile('mvnw')) &&
    (await project.isFile('.mvn/wrapper/maven-wrapper.properties'));
  const maven = wrapper ? ['sh', 'mvnw'] : ['mvn'];
  return {
    foundBy: 'pom.xml',
    builder: 'maven',
    commands: [[...maven, '--batch-mode', '--no-transfer-progress', '-DskipTests', 'package']],
    version: await findJavaVersion(project, versionInPom(pom)),
    framework: frameworkOf(all),
    output: 'target',
    mainClass: null,
  };
}

function frameworkOf(pom: string): JavaBuild['framework'] {
  if (/<groupId>\s*io\.quarkus/.test(pom)) return 'quarkus';
  if (/<groupId>\s*io\.micronaut/.test(pom)) return 'micronaut';
  return /<artifactId>\s*spring-boot-(starter|maven-plugin)/.test(pom) ? 'spring' : null;
}

function versionInPom(pom: string): string | undefined {
  const names = ['maven.compiler.release', 'java.version', 'maven.compiler.target', 'jdk.version'];
  for (const name of [
    ...names,
    'maven.compiler.source',
    'release',
    'target',
    'kotlin.compiler.jvmTarget',
  ]) {
    const pattern = new RegExp(`<${name.replaceAll('.', '\\.')}>\\s{0,99}([\\d.]{1,10})\\s{0,99}<`);
    const version = pattern.exec(pom)?.[1];
    if (version) return version;
  }
  return undefined;
}
