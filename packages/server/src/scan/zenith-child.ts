import { answerParent } from './answer-parent.ts';
import { findZenithProjects } from './zenith/find-zenith-projects.ts';
import { lookUpPaths } from './zenith/look-up-paths.ts';
import { planSync } from './zenith/plan-sync.ts';
import type { ZenithRequest, ZenithResult } from './zenith.ts';

answerParent<ZenithRequest, ZenithResult>(async (request, _onProgress, signal) => {
  const { roots, folders, searchPath, known } = request;
  const search = await findZenithProjects(roots, { searchPath, signal });
  const plan = planSync(
    search.projects,
    await lookUpPaths(known),
    [...roots, ...folders],
    search.unsearched,
  );
  return {
    plan,
    count: search.projects.length,
    truncated: search.truncated,
    ignoredHints: search.ignoredHints,
  };
});
