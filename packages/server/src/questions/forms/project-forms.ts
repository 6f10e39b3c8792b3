import { AppError } from '../../errors.ts';
import type { Asking, Project } from '../asking.ts';
import { asks, type Form, ofProject } from './form.ts';

const brief = ({ id, name, path, project_type, tech_stack, health_score }: Project) => ({
  id,
  name,
  path,
  project_type,
  tech_stack,
  health_score,
});

async function projectsWith(ask: Asking, input: Record<string, unknown> = {}) {
  return (await ask.list<Project>('list_projects', input)).map(brief);
}

const kinds = ['health', 'vibe', 'eco'] as const;
type Kind = (typeof kinds)[number];
const score = (project: Project, kind: Kind) => project[`${kind}_score`];
const kindOf = (said = 'health'): Kind =>
  kinds.find((kind) => kind === said.toLowerCase()) ?? 'health';

/** What a scan has found out, or the reason why it is not known. */
function known(project: Project, name: string): unknown {
  const value = Object(project.metadata)[name];
  if (value !== undefined && value !== null) return value;
  const why = project.last_scan_at
    ? `the scan of ${project.last_scan_at} found nothing of that kind`
    : 'it has not been scanned yet: ask to scan it';
  throw new AppError('NOT_FOUND', `${name} of ${project.name} is not known, as ${why}`);
}

/** A form about one thing that a scan has found out. */
function fact(words: string, example: string, name: string): Form {
  return {
    example,
    pattern: asks(
      `(?:(?:what is|what are|show|list|get|which|how many|count) )?(?:the )?${words}${ofProject}(?: (?:have|has|are there|is there))?`,
    ),
    async answer({ project: named }, ask) {
      const project = await ask.project(named);
      return { project: project.name, [name]: known(project, name) };
    },
  };
}

export const projectForms: readonly Form[] = [
  {
    example: 'list all projects',
    pattern: asks(
      '(?:(?:list|show|get|what|which|what are|which are) )?(?:all )?(?:the |my |our )?projects(?: (?:are there|do i have|do we have|exist))?(?: in the system)?',
    ),
    answer: (_, ask) => projectsWith(ask),
  },
  {
    example: 'list active projects',
    pattern: asks(
      '(?:list|show|which|what)(?: are)? (?:the |all )?(?<which>active|inactive) projects',
    ),
    answer: ({ which }, ask) => projectsWith(ask, { active: which?.toLowerCase() === 'active' }),
  },
  {
    example: 'which projects use PostgreSQL',
    pattern: asks(
      '(?:which|what|list|show|find)(?: all)?(?: the)? projects (?:that |which )?(?:use|uses|using|with|are built with|are written in|are in|depend on|built with|written in) [\'"`]?(?<technology>[^\\s\'"`]+(?: [^\\s\'"`]+)?)[\'"`]?',
    ),
    answer: ({ technology = '' }, ask) =>
      projectsWith(ask, { tech_stack: [technology.toLowerCase()] }),
  },
  {
    example: 'how many projects are there',
    pattern: asks(
      '(?:how many|count)(?: the| my)? projects(?: (?:are there|do i have|do we have|exist))?',
    ),
    async answer(_, ask) {
      const { total } = Object(await ask.run('list_projects', { limit: 1 }));
      return { projects: total };
    },
  },
  {
    example: 'which project is the least healthy',
    pattern: asks(
      '(?:which|what) project (?:is|has)(?: the)? (?:(?:least|most) healthy|(?:lowest|worst|highest|best)(?: (?<kind>health|vibe|eco))?(?: score)?|unhealthiest|healthiest)',
    ),
    async answer({ kind: said }, ask) {
      const kind = kindOf(said);
      const projects = await ask.list<Project>('list_projects');
      const ranked = projects.toSorted((a, b) => score(a, kind) - score(b, kind));
      return ranked.slice(0, 5).map(brief);
    },
  },
  {
    example: 'projects by health',
    pattern: asks(
      '(?:(?:list|show|rank|sort) )?(?:all )?(?:the )?projects (?:by|sorted by|ordered by) (?<kind>health|vibe|eco)(?: score)?',
    ),
    async answer({ kind: said }, ask) {
      const kind = kindOf(said);
      const projects = await ask.list<Project>('list_projects');
      return projects
        .toSorted((a, b) => score(b, kind) - score(a, kind))
        .map((project) => ({ name: project.name, score: score(project, kind) }));
    },
  },
  {
    example: 'which projects have errors',
    pattern: asks(
      '(?:which|what|list|show)(?: all)? projects (?:that )?(?:have|with|contain)(?: syntax)? errors',
    ),
    async answer(_, ask) {
      const projects = await ask.list<Project>('list_projects');
      return projects
        .filter(({ errors }) => errors.length > 0)
        .map(({ id, name, errors }) => ({ id, name, errors: errors.length }));
    },
  },
  {
    example: 'describe the project shop',
    pattern: asks(
      '(?:describe|show|read|get|what is) (?:(?:the|this) project|(?:the )?project [\'"`]?(?<project>[^\'"`]+?)[\'"`]?)',
    ),
    answer: ({ project }, ask) => ask.project(project),
  },
  {
    example: 'how healthy is the project shop',
    pattern: asks(
      '(?:how healthy is|what is the health of|health of|show the health of) (?:(?:the|this) project|(?:the )?(?:project )?[\'"`]?(?<project>[^\'"`]+?)[\'"`]?)',
    ),
    async answer({ project: named }, ask) {
      const { name, health_score, vibe_score, eco_score, errors } = await ask.project(named);
      return { project: name, health_score, vibe_score, eco_score, errors: errors.length };
    },
  },
  {
    example: 'what is the vibe score of shop',
    pattern: asks(`(?:(?:what is|show|get) )?(?:the )?(?<kind>health|vibe|eco) score${ofProject}`),
    async answer({ kind, project: named }, ask) {
      const project = await ask.project(named);
      return { project: project.name, [`${kindOf(kind)}_score`]: score(project, kindOf(kind)) };
    },
  },
  {
    example: 'explain the scores of shop',
    pattern: asks(
      `(?:explain|why is|why are|break down|show) (?:the )?(?:(?<kind>health|vibe|eco) )?scores?${ofProject}(?: (?:so |that )?(?:low|bad|high|what it is))?`,
    ),
    async answer({ kind, project: named }, ask) {
      const { id } = await ask.project(named);
      const scores = Object(await ask.run('get_scores', { id }));
      return kind ? scores[kindOf(kind)] : scores;
    },
  },
  {
    example: 'what should be fixed first in shop',
    pattern: asks(
      `(?:what|which(?: things?)?) (?:should|can|could|must) (?:i |we |be )?(?:fix|fixed|improve|improved|mend|mended)(?: first)?${ofProject}`,
    ),
    async answer({ project: named }, ask) {
      const { id } = await ask.project(named);
      const { health } = Object(await ask.run('get_scores', { id }));
      const checks: { title: string; points: number; max: number; fix: string | null }[] =
        Object(health).checks ?? [];
      return checks
        .filter(({ fix, points, max }) => fix && points < max)
        .toSorted((a, b) => b.max - b.points - (a.max - a.points))
        .slice(0, 5)
        .map(({ title, points, max, fix }) => ({ title, would_earn: max - points, fix }));
    },
  },
  {
    example: 'show the syntax errors of shop',
    pattern: asks(
      `(?:(?:what|which|list|show|find|are there)(?: are)? )?(?:the |any |all )?(?:syntax errors|code errors|scan errors|problems found)${ofProject}`,
    ),
    answer: async ({ project }, ask) => (await ask.project(project)).errors,
  },
  {
    example: 'when was shop last scanned',
    pattern: asks(
      'when was (?:(?:the|this) project|(?:the project )?[\'"`]?(?<project>[^\'"`]+?)[\'"`]?) (?:last )?scanned(?: last)?',
    ),
    async answer({ project }, ask) {
      const { name, last_scan_at, scan_status } = await ask.project(project);
      return { project: name, last_scan_at, scan_status };
    },
  },
  {
    example: 'scan the project shop',
    pattern: asks(
      '(?:re)?scan (?:(?:the|this) project|(?:the )?(?:project )?[\'"`]?(?<project>[^\'"`]+?)[\'"`]?)(?: again)?',
    ),
    async answer({ project }, ask) {
      const { id } = await ask.project(project);
      return ask.run('scan_project', { id });
    },
  },
  {
    example: 'what is the tech stack of shop',
    pattern: asks(`(?:(?:what is|show|list) )?(?:the )?(?:tech(?:nology)? )?stack${ofProject}`),
    async answer({ project: named }, ask) {
      const { name, tech_stack } = await ask.project(named);
      return { project: name, tech_stack };
    },
  },
  fact('dependencies', 'how many dependencies has shop', 'dependencies'),
  fact('languages', 'which languages are in shop', 'languages'),
  fact('lines of code', 'how many lines of code are in shop', 'lines_of_code'),
  fact('(?:test )?coverage', 'what is the test coverage of shop', 'test_coverage'),
  fact(
    '(?:git )?(?:branch|last commit|commit|git (?:state|status|facts))',
    'what is the last commit of shop',
    'git',
  ),
  {
    example: 'find projects about selling books',
    pattern: asks(
      '(?:find|search|search for|look for)(?: all)?(?: the)? projects? (?:about|for|that|which|like|called|named) [\'"`]?(?<words>.+?)[\'"`]?',
    ),
    answer: ({ words }, ask) => ask.run('search_projects', { query: words }),
  },
];
