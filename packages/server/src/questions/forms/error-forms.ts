import type { ErrorGroup, LoggedError } from '@borgos/contracts/error-log';
import { asks, type Form, ofProject } from './form.ts';

const hourMs = 3_600_000;

const spans: Record<string, number> = {
  today: 24 * hourMs,
  'in the last 24 hours': 24 * hourMs,
  'in the last hour': hourMs,
  'this week': 7 * 24 * hourMs,
  'in the last week': 7 * 24 * hourMs,
  'in the last 7 days': 7 * 24 * hourMs,
};

const when = `(?: (?<when>${Object.keys(spans).join('|')}))?`;

/** What a question's words say, as a filter; days are the last 24 hours, wherever the clock stands. */
function filterOf(said: Record<string, string | undefined>): Record<string, unknown> {
  const span = spans[said.when?.toLowerCase() ?? ''];
  return {
    ...(said.severity && { severity: [said.severity.toLowerCase()] }),
    ...(span !== undefined && { since: new Date(Date.now() - span).toISOString() }),
  };
}

const brief = ({ id, project_name, severity, error_type, message, occurred_at }: LoggedError) => ({
  id,
  project_name,
  severity,
  error_type,
  message,
  occurred_at,
});

export const errorForms: readonly Form[] = [
  {
    example: 'what failed today',
    pattern: asks(
      `what (?:has |have )?(?:failed|broke|broken|crashed|gone wrong|went wrong)${when}`,
    ),
    async answer(said, ask) {
      const { since } = filterOf({ when: 'today', ...(said.when && said) });
      const errors = await ask.list<LoggedError>('list_errors', { since });
      const serious = errors.filter(({ severity }) => ['error', 'critical'].includes(severity));
      const deployments = await ask.list<{ status: string }>('list_deployments');
      const failing = deployments.filter(({ status }) =>
        ['failed', 'crash_loop', 'unhealthy'].includes(status),
      );
      return { errors: serious.slice(0, 50).map(brief), deployments: failing };
    },
  },
  {
    example: 'show the critical errors of shop today',
    pattern: asks(
      `(?:(?:list|show|get|what are|which are|find|are there) )?(?:all )?(?:the |any )?(?:last |latest |recent |newest )?(?:(?<severity>debug|info|warning|error|critical) )?(?:errors|failures|exceptions)${ofProject}${when}(?: (?:were logged|happened))?`,
    ),
    async answer({ project: named, ...said }, ask) {
      const ofOne = named ? { project_id: (await ask.project(named)).id } : {};
      const errors = await ask.list<LoggedError>('list_errors', { ...filterOf(said), ...ofOne });
      return errors.slice(0, 100).map(brief);
    },
  },
  {
    example: 'how many errors were there today',
    pattern: asks(
      `(?:how many|count)(?: the)?(?: (?<severity>debug|info|warning|error|critical))? errors(?: (?:were|are) there| happened| were logged)?${ofProject}${when}`,
    ),
    async answer({ project: named, ...said }, ask) {
      const ofOne = named ? { project_id: (await ask.project(named)).id } : {};
      const filter = { ...filterOf(said), ...ofOne, limit: 1 };
      const { total } = Object(await ask.run('list_errors', filter));
      return { errors: total };
    },
  },
  {
    example: 'list the error groups',
    pattern: asks(
      `(?:(?:list|show|get|what are) )?(?:all )?(?:the )?(?:(?<status>open|resolved|ignored) )?(?:error groups|issues)${ofProject}`,
    ),
    async answer({ project: named, status }, ask) {
      const ofOne = named ? { project_id: (await ask.project(named)).id } : {};
      const filter = { ...ofOne, ...(status && { status: status.toLowerCase() }) };
      return ask.list<ErrorGroup>('list_error_groups', filter);
    },
  },
  {
    example: 'what is the most frequent error',
    pattern: asks(
      `(?:what (?:is|are)|show|which (?:is|are)) (?:the )?(?:most (?:frequent|common)|top) (?:errors?|error groups?|exceptions?)${ofProject}`,
    ),
    async answer({ project: named }, ask) {
      const ofOne = named ? { project_id: (await ask.project(named)).id } : {};
      const groups = await ask.list<ErrorGroup>('list_error_groups', ofOne);
      return groups
        .toSorted((a, b) => b.count - a.count)
        .slice(0, 5)
        .map(({ id, title, count, status, last_seen }) => ({
          id,
          title,
          count,
          status,
          last_seen,
        }));
    },
  },
];
