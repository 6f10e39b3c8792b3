import { createStep, type Step } from './step.ts';
import type { StoredStep } from './store.ts';

/** The long steps that are not in the database yet, or not all of them that is. */
export interface Unwritten {
  /** The step of a deployment that begins then, to be added to. */
  stepOf(deploymentId: number, second: number): Step;
  /** Goes on with what an earlier server wrote. */
  takeUp(steps: StoredStep[]): void;
  /** Of a deployment, the earliest first. */
  listOf(deploymentId: number): StoredStep[];
  /** All of them; those that began before `current` are over. */
  list(current: number): StoredStep[];
  /** They were written as they were listed: those that are over go. */
  written(steps: StoredStep[]): void;
  /** Drops what belongs to other deployments: they are gone. */
  keepOnly(deployments: { has(id: number): boolean }): void;
}

/** An hour, should the database be away. */
const mostOfEach = 12;

export function createUnwritten(): Unwritten {
  const steps = new Map<number, Map<number, Step>>();

  function of(deploymentId: number): Map<number, Step> {
    const own = steps.get(deploymentId) ?? new Map<number, Step>();
    steps.set(deploymentId, own);
    return own;
  }

  function stored(deploymentId: number, current: number): StoredStep[] {
    return [...(steps.get(deploymentId) ?? [])]
      .map(([second, step]) => ({ deploymentId, second, step, isOver: second < current }))
      .sort((one, other) => one.second - other.second);
  }

  return {
    stepOf(deploymentId, second) {
      const own = of(deploymentId);
      const step = own.get(second) ?? createStep();
      own.set(second, step);
      const [oldest] = own.keys();
      if (own.size > mostOfEach && oldest !== undefined) own.delete(oldest);
      return step;
    },
    takeUp(taken) {
      for (const { deploymentId, second, step } of taken) of(deploymentId).set(second, step);
    },
    listOf: (deploymentId) => stored(deploymentId, 0),
    list: (current) => [...steps.keys()].flatMap((id) => stored(id, current)),
    written(listed) {
      for (const { deploymentId, second, step, isOver } of listed) {
        const own = steps.get(deploymentId);
        if (isOver && own?.get(second) === step) own.delete(second);
      }
    },
    keepOnly(deployments) {
      for (const id of steps.keys()) if (!deployments.has(id)) steps.delete(id);
    },
  };
}
