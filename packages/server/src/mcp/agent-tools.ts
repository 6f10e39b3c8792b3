import type { Call } from '@borgos/contracts/endpoint';
import { authorize } from '../caller.ts';
import { AppError } from '../errors.ts';
import { describeIssue } from '../http/validation-message.ts';
import { nearestName } from '../nearest-name.ts';
import type { AgentTool, AgentTools } from '../questions/questions.ts';
import { changesNothing, type OfferedTool } from './offered-tools.ts';
import { type Operations, perform } from './operations.ts';
import {
  isServersTool,
  listedServersTool,
  type ServersTools,
  scopeOf,
  serversAnswer,
  wholeAnswer,
} from './servers-tools.ts';
import { toolAnswer } from './tool-answer.ts';
import { toolError } from './tool-error.ts';
import { inputShape } from './tool-schema.ts';

/** The tools as questions in plain language use them: by forms, which take all, or by a model. */
export function agentTools(
  offered: readonly OfferedTool[],
  operations: Operations,
  servers: ServersTools,
): AgentTools {
  /** @throws AppError where it would change something and may not */
  async function callServer(
    name: string,
    given: Record<string, unknown>,
    call: Call,
    mayWrite: boolean,
  ) {
    const tool = (await servers.offered()).find((tool) => tool.name === name);
    if (!tool) throw unknownTool(name, offered);
    if (!mayWrite && !tool.isReadOnly) throw wouldChange(name);
    authorize(call.caller, scopeOf(tool));
    return servers.call(name, given, call.signal);
  }

  return {
    async offered(call, mayWrite) {
      const own = offered
        .filter(({ annotations }) => mayWrite || annotations.readOnlyHint)
        .map((one) => ({
          name: one.tool.name,
          description: one.tool.description,
          inputSchema: one.inputSchema,
          async run(given: Record<string, unknown>, signal: AbortSignal) {
            try {
              const parsed = one.parse(given);
              const ofTool = { ...call, actor: call.actor, signal };
              const result = await perform(operations, one.tool.endpoint, parsed.input, ofTool);
              const { content } = toolAnswer(one.tool, result, parsed);
              return { text: JSON.stringify(content), content };
            } catch (error) {
              signal.throwIfAborted();
              return { text: toolError(error, call.requestId), content: undefined };
            }
          },
        }));
      const others = (await servers.offered())
        .filter(({ isReadOnly }) => mayWrite || isReadOnly)
        .map((tool): AgentTool => {
          const { name, description = '', inputSchema } = listedServersTool(tool);
          return {
            name,
            description,
            inputSchema,
            async run(given, signal) {
              try {
                const result = await callServer(name, given, { ...call, signal }, mayWrite);
                const { text, structured, isError } = serversAnswer(result);
                return { text, content: isError ? undefined : (structured ?? { text }) };
              } catch (error) {
                signal.throwIfAborted();
                return { text: toolError(error, call.requestId), content: undefined };
              }
            },
          };
        });
      return [...own, ...others];
    },

    async run(name, given, call, mayWrite) {
      if (isServersTool(name)) {
        return wholeAnswer(name, await callServer(name, given, call, mayWrite));
      }
      const one = offered.find(({ tool }) => tool.name === name);
      if (!one) throw unknownTool(name, offered);
      const result = inputShape(one.tool.endpoint).safeParse(given, { error: describeIssue });
      if (!result.success) {
        const problems = result.error.issues.map(({ path, message }) =>
          `${path.join('.')} ${message}`.trim(),
        );
        throw new AppError('VALIDATION_FAILED', `${name}: ${problems.slice(0, 3).join('; ')}`);
      }
      if (!mayWrite && !changesNothing(one, result.data)) {
        throw wouldChange(name);
      }
      return perform(operations, one.tool.endpoint, result.data, call);
    },
  };
}

function wouldChange(name: string): AppError {
  return new AppError(
    'FORBIDDEN',
    `${name} would change something. Ask again with allow_write: true, if that is meant`,
  );
}

function unknownTool(name: string, offered: readonly OfferedTool[]): AppError {
  const names = offered.map(({ tool }) => tool.name);
  const nearest = nearestName(name, names);
  return new AppError(
    'UNPROCESSABLE',
    `There is no tool ${name}${nearest ? `; did you mean ${nearest}?` : `; there are ${names.join(', ')}`}`,
  );
}
