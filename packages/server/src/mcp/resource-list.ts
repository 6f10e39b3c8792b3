/** How many projects are named to a client that lists resources. */
export const mostResources = 50;

/** What a client is shown of projects: each of them, and its scan report. */
export function resourcesOf(projects: { id: number; name: string }[]) {
  return projects.flatMap(({ id, name }) => [
    { uri: `borgos://projects/${id}`, name: `project ${id}`, title: name },
    { uri: `borgos://projects/${id}/scores`, name: `scan report ${id}`, title: name },
  ]);
}
