import type {
  GetPromptRequest,
  GetPromptResult,
  InputRequiredResult,
  ServerContext,
} from '@modelcontextprotocol/server';
import { askingPrompt } from './conformance-questions.ts';
import { onePixel } from './conformance-samples.ts';

const description = 'A fixture of the conformance suite.';

export const conformancePrompts = [
  { name: 'test_simple_prompt', description },
  {
    name: 'test_prompt_with_arguments',
    description,
    arguments: ['arg1', 'arg2'].map((name) => ({ name, description, required: true })),
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description,
    arguments: [{ name: 'resourceUri', description, required: true }],
  },
  { name: 'test_prompt_with_image', description },
  { name: 'test_input_required_result_prompt', description },
];

type Content = GetPromptResult['messages'][number]['content'];

/** One of the prompts above; `undefined`: none of them. */
export async function getConformancePrompt(
  { name, arguments: given = {} }: GetPromptRequest['params'],
  context: ServerContext,
): Promise<GetPromptResult | InputRequiredResult | undefined> {
  const text = (words: string): Content => ({ type: 'text', text: words });
  switch (name) {
    case 'test_simple_prompt':
      return asUser(text('This is a simple prompt for testing.'));
    case 'test_prompt_with_arguments':
      return asUser(text(`Prompt with arguments: arg1='${given.arg1}', arg2='${given.arg2}'`));
    case 'test_prompt_with_embedded_resource': {
      const resource = {
        uri: given.resourceUri ?? '',
        mimeType: 'text/plain',
        text: 'Embedded resource content for testing.',
      };
      return asUser(
        { type: 'resource', resource },
        text('Please process the embedded resource above.'),
      );
    }
    case 'test_prompt_with_image':
      return asUser(
        { type: 'image', data: onePixel, mimeType: 'image/png' },
        text('Please analyze the image above.'),
      );
    case 'test_input_required_result_prompt':
      return askingPrompt(context);
    default:
      return undefined;
  }
}

function asUser(...contents: Content[]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: 'user', content })) };
}
