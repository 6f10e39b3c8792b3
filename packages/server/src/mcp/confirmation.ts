import type { Tool } from '@borgos/contracts/tools';
import {
  acceptedContent,
  type InputRequiredResult,
  inputRequired,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

const question = 'confirmation';
const agreement = z.object({
  agree: z.boolean().meta({ title: 'Do it', description: 'Whether BorgOS should do this.' }),
});

/** What can be said of who calls. */
export interface Asker {
  /** Whether the client can put a question to its person. */
  canAsk: boolean;
  /** What the person has answered, if they were asked. */
  responses: Record<string, unknown> | undefined;
}

/** What is to be asked of the person, or why it is not done. */
type Missing =
  | { question: InputRequiredResult; refusal?: undefined }
  | { refusal: string; question?: undefined };

/**
 * What keeps a tool from doing something that cannot be taken back without a person's agreement;
 * `undefined`: it may be done.
 */
export function missingConfirmation(
  tool: Tool,
  input: Record<string, unknown>,
  confirmed: boolean,
  { canAsk, responses }: Asker,
): Missing | undefined {
  if (!tool.destructive || confirmed) return undefined;
  const what = `${tool.title}: ${JSON.stringify(input)}`;
  if (responses && question in responses) {
    const answer = acceptedContent(responses, question, agreement);
    return answer?.agree ? undefined : { refusal: `The person did not agree. Not done: ${what}.` };
  }
  if (canAsk) {
    const asked = inputRequired({
      inputRequests: {
        [question]: inputRequired.elicit({ message: `${what}?`, requestedSchema: agreement }),
      },
    });
    return { question: asked };
  }
  return {
    refusal: `Not done yet: ${what}. Ask the person, and call ${tool.name} again with confirm: true once they have agreed.`,
  };
}
