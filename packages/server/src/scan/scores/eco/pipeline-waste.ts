import { type Check, notApplicable, scored, seen, shareOf } from '../check.ts';
import { counted, listed } from '../wording.ts';
import { listPipelineParts, type PipelineParts } from './pipeline-parts.ts';

const head = { id: 'ci_waste', title: 'Pipelines do nothing twice', max: 15 };

const parts = [
  { key: 'cache', worth: 0.4, title: 'a cache', fix: 'cache what is installed' },
  {
    key: 'cancel',
    worth: 0.3,
    title: 'an end for outdated runs',
    fix: 'cancel outdated runs (cancel-in-progress: true)',
  },
  {
    key: 'paths',
    worth: 0.3,
    title: 'a path filter',
    fix: 'skip changes that cannot matter (paths-ignore)',
  },
] as const;

/**
 * Each part earns by the share of the pipelines that have it. A part that no pipeline here could have,
 * since its system keeps it elsewhere, is left out.
 */
export const pipelineWaste: Check = (facts) => {
  const pipelines = listPipelineParts(facts);
  const judged = parts
    .map((part) => {
      const able = pipelines.filter((pipeline) => pipeline[part.key] !== null);
      const lacking = able.filter((pipeline) => !pipeline[part.key]);
      return { ...part, able, lacking };
    })
    .filter(({ able }) => able.length > 0);
  if (judged.length === 0) {
    return notApplicable(head, 'No pipeline that can be read runs for each change.');
  }
  const lacking = judged.filter((part) => part.lacking.length > 0);
  const worth = judged.reduce((sum, part) => sum + part.worth, 0);
  const earned = judged.reduce(
    (sum, part) => sum + part.worth * (1 - part.lacking.length / part.able.length),
    0,
  );
  return scored(head, {
    part: lacking.length === 0 ? 1 : shareOf(earned, worth),
    evidence: pipelines.map((pipeline) => seen(pipeline.file, summary(pipeline))),
    why:
      lacking.length === 0
        ? `${counted(pipelines.length, 'pipeline')} with ${listed(judged.map(({ title }) => title))}.`
        : `Of ${counted(pipelines.length, 'pipeline')} ${lacking.map((part) => `${part.lacking.length} ${part.lacking.length === 1 ? 'lacks' : 'lack'} ${part.title}`).join(', ')}.`,
    fix: `${lacking.map((part) => `In ${listed(part.lacking.map(({ file }) => file))}: ${part.fix}.`).join(' ')}`,
  });
};

function summary(pipeline: PipelineParts): string {
  return parts
    .filter(({ key }) => pipeline[key] !== null)
    .map(({ key, title }) => `${pipeline[key] ? 'has' : 'lacks'} ${title}`)
    .join(', ');
}
