import { basename } from 'node:path/posix';
import type { Project } from '@borgos/contracts/projects';
import { type EntryPoints, findEntryPoints } from './entry-points.ts';
import type { FoundLanguages } from './find-languages.ts';
import { languageTechnologies } from './language-technologies.ts';
import { depthOf, type ProjectView } from './project-view.ts';
import type { Role } from './technology.ts';
import { technologyByName } from './technology-index.ts';

export type ProjectType = NonNullable<Project['project_type']>;

const TEMPLATES =
  /(?:^|\/)(?:templates|views)\/(?:.*\/)?[^/]+\.(?:html|htm|j2|jinja2?|ejs|pug|hbs|twig|erb|slim|haml|ftl|mustache|tmpl|gohtml)$|\.(?:blade\.php|cshtml|heex|leex|html\.erb|jsp|razor)$/;
const NOTEBOOK = /\.ipynb$/;
/** From here on, it is what a project is about. */
const MAIN_SHARE = 0.5;
/** Deeper in a large tree lies what is beside the matter, such as a page of a compiler's profiler. */
const MAX_DEPTH = 4;
/** A front end of less is an ornament. */
const LEAST_SHARE = 0.02;
/** What the pages of a site are made with, where no line of another language is needed. */
const SITE_LANGUAGES = new Set(['html', 'css', 'javascript', 'typescript', 'ruby']);

interface Signs {
  readonly project: ProjectView;
  readonly entries: EntryPoints;
  readonly has: (role: Role) => boolean;
  readonly isLibrary: boolean;
  readonly isPrivate: boolean;
  readonly hasTemplates: boolean;
  readonly hasCode: boolean;
  readonly infraShare: number;
  readonly mainLanguage: string | undefined;
}

/** The first rule that fits decides: from what is hardest to mistake to what is left over. */
const RULES: readonly [ProjectType, (signs: Signs) => boolean][] = [
  ['infra', (signs) => signs.has('infra') && signs.infraShare >= MAIN_SHARE],
  ['library', (signs) => signs.isLibrary && !signs.entries.starts && !isNamedCommand(signs)],
  ['mobile', (signs) => signs.has('mobile') && !signs.isLibrary],
  ['desktop', (signs) => signs.has('desktop') && !signs.isLibrary],
  ['static', isGeneratedSite],
  ['data', (signs) => notebooksOf(signs) >= MAIN_SHARE || isDataProject(signs)],
  ['cli', (signs) => isNamedCommand(signs) && !signs.has('server') && !signs.has('fullstack')],
  ['web', isWeb],
  ['api', (signs) => signs.has('server') || signs.entries.serves],
  ['service', (signs) => signs.has('worker')],
  ['cli', isCommandLine],
  ['data', (signs) => signs.has('data')],
  ['library', (signs) => signs.isLibrary || isLibraryByFiles(signs)],
  ['static', isStatic],
  ['infra', (signs) => signs.has('infra') || isContainersOnly(signs)],
  ['service', (signs) => signs.entries.loops || hasUnit(signs.project)],
  ['cli', (signs) => signs.entries.starts && isCompiled(signs.project)],
];

/** `null` where there is neither code nor anything that is recognised. */
export function detectProjectType(
  project: ProjectView,
  found: ReadonlyMap<string, string>,
  languages: FoundLanguages,
): ProjectType | null {
  const roles = new Set(rolesOf(found, languages));
  const hasCode = languages.names.length > 0;
  if (!hasCode && found.size === 0) return null;
  const signs: Signs = {
    project,
    entries: findEntryPoints(project),
    has: (role) => roles.has(role),
    isLibrary: project.top.some(({ isLibrary }) => isLibrary === true),
    isPrivate: project.top.some(({ isLibrary }) => isLibrary === false),
    hasTemplates: project.files.some((path) => TEMPLATES.test(path)),
    hasCode,
    mainLanguage: languages.names[0],
    infraShare: hasCode ? (languages.shares.get('terraform') ?? 0) : 1,
  };
  return RULES.find(([, fits]) => fits(signs))?.[0] ?? 'other';
}

function rolesOf(found: ReadonlyMap<string, string>, { shares }: FoundLanguages): Role[] {
  const share = (name: string) => shares.get(name) ?? 0;
  const hasScripts =
    shares.size === 0 ||
    ['javascript', 'typescript', 'html', 'css'].some((name) => share(name) >= LEAST_SHARE);
  return [...found].flatMap(([name, file]) => {
    const technology = technologyByName.get(name);
    const isScript = technology?.from?.split(' ').every((sign) => sign.startsWith('npm:'));
    if (!technology?.role || depthOf(file) > MAX_DEPTH || (isScript && !hasScripts)) return [];
    return technology.role;
  });
}

function isGeneratedSite({ has, mainLanguage }: Signs): boolean {
  const isSite = mainLanguage === undefined || SITE_LANGUAGES.has(mainLanguage);
  return has('static') && isSite && !has('server') && !has('fullstack');
}

function isWeb({ has, hasTemplates }: Signs): boolean {
  return has('fullstack') || has('frontend') || (has('server') && hasTemplates);
}

/** A command that is called as the package is, or that is all that the package has. */
function isNamedCommand({ project, has }: Signs): boolean {
  return project.top.some(({ commands, name, isLibrary }) => {
    if (commands.length === 0) return false;
    const own = plain(name?.split('/').at(-1) ?? '');
    return isLibrary !== true || has('cli') || commands.some((command) => plain(command) === own);
  });
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]|cli$/g, '');
}

function isCommandLine({ entries, has, project }: Signs): boolean {
  const hasCommands = project.top.some(({ commands }) => commands.length > 0);
  return hasCommands || has('cli') || entries.readsArguments;
}

function notebooksOf({ project }: Signs): number {
  const code = project.languages.filter(
    ({ name }) => languageTechnologies.get(name)?.weight === 'code',
  );
  const total = code.reduce((sum, language) => sum + language.code, 0);
  const notebook = code.find(({ name }) => name === 'Jupyter Notebook')?.code ?? 0;
  if (total > 0) return notebook / total;
  return project.files.some((path) => NOTEBOOK.test(path)) ? 1 : 0;
}

/** These decide by themselves, whatever else is there. */
function isDataProject({ project, has }: Signs): boolean {
  const isOwn = ['dbt_project.yml', 'airflow.cfg', 'scrapy.cfg', 'dvc.yaml'].some((name) =>
    project.names.has(name),
  );
  const hasFlows = project.files.some((path) => /^dags\/.+\.py$/.test(path));
  return (isOwn || hasFlows) && !has('frontend') && !has('fullstack');
}

function hasUnit({ files }: ProjectView): boolean {
  return files.some((path) => path.endsWith('.service') && depthOf(path) <= MAX_DEPTH - 1);
}

/** Cargo and Go see by the files what a package is. */
function isLibraryByFiles({ project, entries, isPrivate }: Signs): boolean {
  if (isPrivate || entries.starts) return false;
  return project.top.some(({ ecosystem }) => {
    if (ecosystem === 'cargo') return project.names.has('src/lib.rs');
    if (ecosystem === 'go') return !project.files.some((path) => basename(path) === 'main.go');
    return ['composer', 'maven', 'nuget', 'swift', 'hex'].includes(ecosystem);
  });
}

function isStatic({ project }: Signs): boolean {
  return project.files.some((path) =>
    /^(?:(?:public|static|docs|site|www|src|html)\/)?index\.html?$/.test(path),
  );
}

/** Containers that others made, put together. */
function isContainersOnly({ project, hasCode }: Signs): boolean {
  return !hasCode && project.manifests.some(({ ecosystem }) => ecosystem === 'docker');
}

function isCompiled({ top }: ProjectView): boolean {
  return top.some(({ ecosystem }) => ecosystem === 'go' || ecosystem === 'cargo');
}
