import { type Check, notApplicable, scored, seen, shareOf } from '../check.ts';
import { isComposeFile, readComposeLimits } from '../compose-limits.ts';
import { belongsToTests } from '../is-test-file.ts';
import { counted, listed } from '../wording.ts';

const head = { id: 'limits', title: 'CPU and memory are limited', max: 10 };

interface Limited {
  name: string;
  file: string | null;
  line: number | null;
  cpu: boolean;
  memory: boolean;
}

/**
 * Half for each. What is deployed here counts; where nothing is, the services of the Compose files.
 */
export const limits: Check = ({ deployments, texts }) => {
  const deployed: Limited[] = deployments.map(({ name, cpu_limit, memory_limit }) => ({
    name,
    file: null,
    line: null,
    cpu: cpu_limit !== null,
    memory: memory_limit !== null,
  }));
  const composed: Limited[] = [...texts]
    .filter(([path]) => isComposeFile(path) && !belongsToTests(path))
    .flatMap(([file, text]) => readComposeLimits(text).map((one) => ({ ...one, file })));
  const judged = deployed.length > 0 ? deployed : composed;
  if (judged.length === 0) {
    return notApplicable(head, 'Nothing of it is deployed, and no Compose file says how to.');
  }
  const limited =
    judged.filter(({ cpu }) => cpu).length + judged.filter(({ memory }) => memory).length;
  const open = judged.filter(({ cpu, memory }) => !cpu || !memory);
  const noun = deployed.length > 0 ? 'deployment' : 'service';
  return scored(head, {
    part: shareOf(limited, judged.length * 2),
    evidence: [...open, ...judged.filter((one) => !open.includes(one))].map((one) =>
      seen(
        one.file,
        `${one.name}: ${one.cpu ? 'CPU limited' : 'no CPU limit'}, ${one.memory ? 'memory limited' : 'no memory limit'}`,
        one.line,
      ),
    ),
    why:
      open.length === 0
        ? `${counted(judged.length, noun)} with limits of CPU and memory.`
        : `${counted(open.length, noun)} of ${judged.length} ${open.length === 1 ? 'lacks' : 'lack'} a limit of CPU or memory.`,
    fix:
      deployed.length > 0
        ? `Set cpu_limit and memory_limit for ${listed(open.map(({ name }) => name))}.`
        : `Set deploy.resources.limits with cpus and memory for ${listed(open.map(({ name }) => name))}.`,
  });
};
