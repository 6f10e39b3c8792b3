import { AppError } from '../../errors.ts';
import type { Deployment } from '../asking.ts';
import { asks, deployment, type Form, ofProject } from './form.ts';

const brief = ({ id, name, port, status, status_reason, url, revision }: Deployment) => ({
  id,
  name,
  port,
  status,
  status_reason,
  url,
  revision,
});

const failing = ['failed', 'crash_loop', 'unhealthy'];

/** Enough for the last few screens. */
const logBytes = 16_384;

interface Log {
  content: string;
}

const linesOf = ({ content }: Log) => content.split('\n').filter((line) => line !== '');

export const deploymentForms: readonly Form[] = [
  {
    example: 'list all deployments',
    pattern: asks(
      `(?:(?:list|show|get|what are) )?(?:all )?(?:the |my |our )?deployments${ofProject}(?: (?:are there|do i have))?`,
    ),
    async answer({ project: named }, ask) {
      const filter = named ? { project_id: (await ask.project(named)).id } : {};
      return (await ask.list<Deployment>('list_deployments', filter)).map(brief);
    },
  },
  {
    example: 'what is running',
    pattern: asks(
      '(?:(?:what|which (?:apps|deployments|projects|services)) (?:is|are) (?:currently )?(?:running|up)|(?:(?:list|show) )?(?:the )?running (?:apps|deployments|services))(?: (?:now|right now|currently))?',
    ),
    answer: async (_, ask) =>
      (await ask.list<Deployment>('list_deployments', { status: 'running' })).map(brief),
  },
  {
    example: 'what is deployed where',
    pattern: asks(
      '(?:what|which (?:apps|projects)) (?:is|are) deployed(?: and)?(?: where| on which ports?)?',
    ),
    answer: async (_, ask) =>
      (await ask.list<Deployment>('list_deployments')).map(({ name, port, url, status }) => ({
        name,
        port,
        url,
        status,
      })),
  },
  {
    example: 'which deployments have failed',
    pattern: asks(
      '(?:(?:list|show|which|what) )?(?:are )?(?:the )?(?:failed|failing|broken|unhealthy|crashed|crashing) (?:deployments|apps|services)|(?:which|what) (?:deployments|apps|services) (?:have |has |are |is )?(?:failed|failing|broken|unhealthy|crashed|crashing|down)',
    ),
    answer: async (_, ask) =>
      (await ask.list<Deployment>('list_deployments'))
        .filter(({ status }) => failing.includes(status))
        .map(brief),
  },
  {
    example: 'how many deployments are running',
    pattern: asks(
      '(?:how many|count)(?: the)?(?: (?<running>running))? deployments(?: (?:are )?(?:there|(?<up>running)))?',
    ),
    async answer({ running, up }, ask) {
      const filter = running || up ? { status: 'running' } : {};
      const { total } = Object(await ask.run('list_deployments', { ...filter, limit: 1 }));
      return { deployments: total };
    },
  },
  {
    example: 'who holds port 8090',
    pattern: asks(
      '(?:who|what|which (?:app|deployment|project|service|program)) (?:holds|has|uses|is using|is on|is listening on|listens on|runs on|is running on|answers on|is at) (?:the )?port (?<port>\\d{1,5})',
    ),
    async answer({ port }, ask) {
      const deployments = await ask.list<Deployment>('list_deployments');
      const holder = deployments.find((deployment) => deployment.port === Number(port));
      if (holder) return brief(holder);
      throw new AppError(
        'NOT_FOUND',
        `No deployment of BorgOS holds port ${port}. Another program may: ss -ltnp 'sport = :${port}'`,
      );
    },
  },
  {
    example: 'what is the status of the deployment shop',
    pattern: asks(
      `(?:(?:what is|show|get) )?(?:the )?(?:status|state) of ${deployment}|(?:how is|is) ${renamed(deployment, 2)}(?: doing| running| up| healthy| ok)`,
    ),
    answer: async (said, ask) => brief(await ask.deployment(either(said))),
  },
  {
    example: 'why did shop fail',
    pattern: asks(
      `why (?:did|does|is|has) ${deployment} (?:fail(?:ed|ing)?|crash(?:ed|ing)?|not (?:run(?:ning)?|start(?:ing|ed)?)|down|unhealthy|broken)`,
    ),
    async answer(said, ask) {
      const { id, name, status, status_reason, stage } = await ask.deployment(said);
      const stream = stage === 'building' ? 'build' : 'app';
      const log = Object(await ask.run('get_deployment_logs', { id, stream, max_bytes: logBytes }));
      return { name, status, status_reason, last_lines: linesOf(log).slice(-20) };
    },
  },
  {
    example: 'show the last 50 lines of the logs of shop',
    pattern: asks(
      `(?:(?:show|read|get|print|what are|tail) )?(?:the )?(?:last (?<count>\\d{1,3}) )?(?:lines (?:of|from) )?(?:the )?(?:(?<stream>app|build) )?(?:logs?|output)(?: (?:of|for|from) ${deployment})?`,
    ),
    async answer({ stream, count, ...said }, ask) {
      const { id } = await ask.deployment(said);
      const asked = { id, stream: stream?.toLowerCase() ?? 'app', max_bytes: logBytes };
      return linesOf(Object(await ask.run('get_deployment_logs', asked))).slice(
        -Number(count ?? 100),
      );
    },
  },
  {
    example: 'what is the url of shop',
    pattern: asks(
      `(?:what is|show|get|where is) (?:the )?(?:url|address|port|link) of ${deployment}`,
    ),
    async answer(said, ask) {
      const { name, url, port } = await ask.deployment(said);
      return { name, url, port };
    },
  },
  {
    example: 'list the revisions of shop',
    pattern: asks(
      `(?:(?:list|show|get|what are) )?(?:the )?(?:revisions|releases|(?:revision |release |deployment )?history) of ${deployment}`,
    ),
    async answer(said, ask) {
      const { id } = await ask.deployment(said);
      return ask.list('list_revisions', { id });
    },
  },
  {
    example: 'what changed in the last release of shop',
    pattern: asks(
      `what (?:has )?changed (?:in|with|by) (?:the )?(?:last|latest|newest) (?:release|revision|deploy|deployment)(?: of ${deployment})?`,
    ),
    async answer(said, ask) {
      const { id } = await ask.deployment(said);
      const [newest] = await ask.list<{ number: number; changes: unknown }>('list_revisions', {
        id,
      });
      return newest && { revision: newest.number, changes: newest.changes };
    },
  },
  {
    example: 'how would the project shop be deployed',
    pattern: asks(
      '(?:how (?:would|will)|plan(?: how)?(?: to)?) (?:deploy )?(?:(?:the|this) project|(?:the )?(?:project )?[\'"`]?(?<project>[^\'"`]+?)[\'"`]?)(?: be deployed| be built)?',
    ),
    async answer({ project: named }, ask) {
      const { id } = await ask.project(named);
      return ask.run('deploy_project', { project_id: id, dry_run: true });
    },
  },
  {
    example: 'deploy the project shop on port 8090',
    pattern: asks(
      'deploy (?:(?:the|this) project|(?:the )?(?:project )?[\'"`]?(?<project>[^\'"`]+?)[\'"`]?)(?: (?:on|to|at) (?:port )?(?<port>\\d{1,5}))?',
    ),
    async answer({ project: named, port }, ask) {
      const { id } = await ask.project(named);
      return ask.run('deploy_project', { project_id: id, ...(port && { port: Number(port) }) });
    },
  },
  {
    example: 'restart shop',
    pattern: asks(`(?<action>restart|stop|start) ${deployment}`),
    async answer({ action, ...said }, ask) {
      const { id } = await ask.deployment(said);
      return ask.run(`${action?.toLowerCase()}_deployment`, { id });
    },
  },
  {
    example: 'roll shop back to revision 2',
    pattern: asks(
      `(?:roll ?back ${deployment}|roll ${renamed(deployment, 2)} back)(?: to (?:revision )?(?<revision>\\d{1,6}))?`,
    ),
    async answer({ revision, ...said }, ask) {
      const { id } = await ask.deployment(either(said));
      return ask.run('rollback_deployment', {
        id,
        ...(revision && { revision: Number(revision) }),
      });
    },
  },
];

/** A group's name may be in a pattern once. */
function renamed(pattern: string, number: number): string {
  return pattern.replace(/\(\?<(\w+)>/g, `(?<$1_${number}>`);
}

function either(said: Record<string, string | undefined>) {
  return {
    deployment: said.deployment ?? said.deployment_2,
    deployment_id: said.deployment_id ?? said.deployment_id_2,
  };
}
