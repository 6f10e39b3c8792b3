import type { StackName } from '@borgos/contracts/stack-names';
import { ReleaseFailure } from '../../errors.ts';
import { ownSettingsFile } from './manifest.ts';
import { readNodePackage } from './node-package.ts';
import { findOtherLanguage } from './other-language.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';

/** Why no stack was found, and what would make one: said by what lies in the project. */
export async function nothingFound(
  project: ProjectFiles,
  procfile: Procfile | undefined,
  { stack, folders }: { stack: StackName | undefined; folders: string[] },
): Promise<ReleaseFailure> {
  if (stack !== undefined) return refusal(whyNot(stack));
  if (folders.length > 0) {
    return refusal(
      `The project itself tells no way to run it, but ${folders.length === 1 ? 'one of its folders does' : 'several of its folders do'}: ${folders.join(', ')}. Name one of them as "root", when it is deployed or in a ${ownSettingsFile}; or add a Dockerfile.`,
    );
  }
  const other = await findOtherLanguage(project);
  if (other) {
    return refusal(
      other.missing === undefined
        ? `${other.file} tells that the project is in ${other.language}, which BorgOS runs by a Dockerfile only. Add a Dockerfile to the project.`
        : `${other.file} tells that the project is in ${other.language}, but ${other.missing}. Add it; or say in a ${ownSettingsFile} how to start it, {"stack": "${other.stack}", "start": "…"}; or add a Dockerfile.`,
    );
  }
  const because = await reasons(project, procfile);
  return refusal(
    `Nothing tells how to run the project. ${because.join(' ')} Add a Dockerfile; or for Node a package.json with a script "start", for Python a main.py, for a site an index.html; or a Procfile with a line "web: <command>" beside a package.json or a requirements.txt; or a ${ownSettingsFile} with "stack" and "start".`,
  );
}

function refusal(text: string): ReleaseFailure {
  return new ReleaseFailure('STACK_NOT_FOUND', text);
}

function whyNot(stack: StackName): string {
  return stack === 'dockerfile'
    ? `${ownSettingsFile} says "stack": "dockerfile", but there is no Dockerfile. Add one, or name another stack.`
    : `${ownSettingsFile} says "stack": "${stack}", but nothing in the project tells how it is started as that. Say "start", too.`;
}

async function reasons(project: ProjectFiles, procfile: Procfile | undefined): Promise<string[]> {
  const because: string[] = [];
  const manifest = await readNodePackage(project);
  if (manifest) {
    because.push(
      'package.json has no script "start", no "main" that is there, and no known framework with a script "build".',
    );
    if (manifest.workspaces !== undefined || (await project.isFile('pnpm-workspace.yaml'))) {
      because.push(
        'It is a workspace of several packages: let its script "start" start the one to run.',
      );
    }
  }
  for (const file of ['requirements.txt', 'pyproject.toml', 'Pipfile']) {
    if (await project.isFile(file)) because.push(`${file} is there, but no main.py or app.py.`);
  }
  if (procfile) because.push('The start command is there, but nothing tells the language.');
  if (because.length > 0) return because;
  return [
    'There is no Dockerfile, package.json, requirements.txt, pyproject.toml, Pipfile, manage.py, main.py, app.py, go.mod, Cargo.toml, pom.xml, build.gradle, composer.json, index.php, Gemfile, config.ru, *.csproj, deno.json, Staticfile or index.html.',
  ];
}
