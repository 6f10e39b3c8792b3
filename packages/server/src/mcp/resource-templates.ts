/** What a client can read whole, by its name. */
export const resourceTemplates = [
  {
    uriTemplate: 'borgos://projects/{id}',
    name: 'project',
    title: 'A project',
    description: 'Stack, scores, metrics, errors and deployments of a project.',
    mimeType: 'application/json',
  },
  {
    uriTemplate: 'borgos://projects/{id}/scores',
    name: 'scan report',
    title: 'A scan report',
    description: 'Every check behind a project’s scores.',
    mimeType: 'application/json',
  },
  {
    uriTemplate: 'borgos://deployments/{id}/logs{?stream,revision,offset,max_bytes}',
    name: 'logs',
    title: 'Logs of a deployment',
    description: 'What an app or its build printed.',
    mimeType: 'application/json',
  },
] as const;
