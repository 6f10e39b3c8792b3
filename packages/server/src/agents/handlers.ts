import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Agents } from './agents.ts';

function listHandlers(agents: Agents): Handlers<(typeof api)['agents']> {
  return { list: () => agents.list() };
}

function agentTaskHandlers({ tasks }: Agents): Handlers<(typeof api)['agentTasks']> {
  return {
    create: async (task, { actor }) => {
      const { id } = await tasks.create(task, actor);
      return { message: 'Task created and queued', task_id: id };
    },
    list: (query) => tasks.list(query),
    get: ({ id }) => tasks.get(id),
    events: (query) => tasks.events(query),
    cancel: async ({ id }, { actor }) => {
      const { status, cancel_requested } = await tasks.cancel(id, actor);
      const what = cancel_requested ? 'is being cancelled' : `is ${status}`;
      return { message: `Task ${id} ${what}`, task_id: id, status };
    },
    retry: async ({ id }, { actor }) => {
      const { status } = await tasks.retry(id, actor);
      return { message: `Task ${id} queued again`, task_id: id, status };
    },
  };
}

function agentApprovalHandlers({ approvals }: Agents): Handlers<(typeof api)['agentApprovals']> {
  return {
    list: (query) => approvals.list(query),
    decide: ({ id, decision }, { actor }) => approvals.decide(id, decision, actor),
  };
}

function agentReviewHandlers({ reviews }: Agents): Handlers<(typeof api)['agentReviews']> {
  return {
    diff: ({ id }) => reviews.diff(id),
    approve: async ({ id, ...how }, { actor }) => {
      const { merged_into, ...kept } = await reviews.approve(id, how, actor);
      const where = merged_into === null ? `kept on ${kept.branch}` : `merged into ${merged_into}`;
      return { message: `Task ${id} approved: its changes are ${where}`, task_id: id, ...kept };
    },
    reject: async ({ id, ...how }, { actor }) => {
      const kept = await reviews.reject(id, how, actor);
      const where = kept.branch === null ? 'gone' : `kept on ${kept.branch}`;
      return { message: `Task ${id} rejected: its changes are ${where}`, task_id: id, ...kept };
    },
    comment: async ({ id, comment }, { actor }) => {
      const { status } = await reviews.comment(id, comment, actor);
      return { message: `Task ${id} goes on with your comment`, task_id: id, status };
    },
  };
}

function agentScheduleHandlers({ schedules }: Agents): Handlers<(typeof api)['agentSchedules']> {
  return {
    list: (query) => schedules.list(query),
    get: ({ id }) => schedules.get(id),
    create: (fields, { actor }) => schedules.create(fields, actor),
    update: ({ id, ...fields }, { actor }) => schedules.update(id, fields, actor),
    delete: async ({ id }, { actor }) => {
      await schedules.delete(id, actor);
      return { message: `Schedule ${id} deleted` };
    },
  };
}

function agentOrphanHandlers({ orphans }: Agents): Handlers<(typeof api)['agentOrphans']> {
  return {
    list: () => orphans.list(),
    remove: async ({ key, ...options }) => {
      const { description } = await orphans.remove(key, options);
      return { message: `Removed: ${description}` };
    },
  };
}

/** By the resource that they answer for. */
export function agentHandlers(agents: Agents) {
  return {
    agents: listHandlers(agents),
    tasks: agentTaskHandlers(agents),
    reviews: agentReviewHandlers(agents),
    approvals: agentApprovalHandlers(agents),
    schedules: agentScheduleHandlers(agents),
    orphans: agentOrphanHandlers(agents),
  };
}
