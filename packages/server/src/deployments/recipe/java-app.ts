import { readFile } from 'node:fs/promises';
import type { ContainerPlan, ExtraFile, Recipe } from '../recipe.ts';
import { findGradleBuild } from './java-gradle.ts';
import { findMavenBuild } from './java-maven.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';

const portOfJava = 8080;
const program = '.borgos/app';

/** How a build tool makes what is to be run. */
export interface JavaBuild {
  foundBy: string;
  builder: NonNullable<ContainerPlan['builder']>;
  commands: string[][];
  /** The version of Java, `21`; `null`: any. */
  version: string | null;
  framework: 'spring' | 'quarkus' | 'micronaut' | null;
  /** The folders that it may put a jar into, and how many of them there may be below. */
  output: 'target' | 'build';
  /** Where Gradle's plugin `application` knows it: then there is no jar that runs by itself. */
  mainClass: string | null;
}

/** A server on the Java virtual machine: what Maven or Gradle makes of it. */
export async function detectJavaApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const found = (await findMavenBuild(project)) ?? (await findGradleBuild(project));
  if (found === undefined) return undefined;
  const chooser = await chooseJar();
  const collect = [
    'sh',
    chooser.path,
    found.mainClass === null ? 'jar' : 'distribution',
    found.output,
  ];
  return {
    stack: 'java',
    foundBy: found.foundBy,
    dockerfile: null,
    version: found.version,
    manifests: [],
    install: [],
    build: [...found.commands, collect],
    start: procfile?.argv ?? startOf(found),
    environment: { ...procfile?.environment },
    port: portOfJava,
    extraFiles: [chooser],
    notes: procfile?.notes ?? [noteOf(found)],
    container: {
      builder: found.builder,
      // A command of one's own names a jar where the build has put it.
      ...(procfile ? {} : { run: { image: 'jre', copy: [`${program}/`] } }),
    },
  };
}

async function chooseJar(): Promise<ExtraFile> {
  const content = await readFile(new URL('./choose-jar.sh', import.meta.url), 'utf8');
  return { path: '.borgos/choose-jar.sh', content };
}

function startOf({ framework, mainClass }: JavaBuild): string[] {
  const options = ['-XX:MaxRAMPercentage=75', ...listenOptions(framework)];
  return mainClass === null
    ? ['java', ...options, '-jar', `${program}/app.jar`]
    : ['java', ...options, '-cp', `${program}/*`, mainClass];
}

/** Properties of the machine come before a framework's own files. */
function listenOptions(framework: JavaBuild['framework']): string[] {
  switch (framework) {
    case 'spring':
      return ['-Dserver.port={PORT}', '-Dserver.address={HOST}'];
    case 'quarkus':
      return ['-Dquarkus.http.port={PORT}', '-Dquarkus.http.host={HOST}'];
    case 'micronaut':
      return ['-Dmicronaut.server.port={PORT}', '-Dmicronaut.server.host={HOST}'];
    case null:
      return [];
  }
}

const nameOf = { spring: 'Spring Boot', quarkus: 'Quarkus', micronaut: 'Micronaut' };

function noteOf({ framework, mainClass }: JavaBuild): string {
  if (framework !== null) return `A ${nameOf[framework]} app: it is told its port as a property.`;
  return mainClass === null
    ? 'The jar with a Main-Class is run. The app must listen on the variable PORT.'
    : `The class ${mainClass} is run. The app must listen on the variable PORT.`;
}
