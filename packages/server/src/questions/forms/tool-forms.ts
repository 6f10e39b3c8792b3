import { serverSeparator } from '@borgos/contracts/mcp-servers';
import { AppError } from '../../errors.ts';
import { asks, type Form } from './form.ts';

/** A tool by its name, with what it takes as JSON or as `name=value`. */
export const toolForm: Form = {
  example: 'run get_project id=1',
  pattern: asks(
    '(?:(?:run|call|use|execute|invoke) )?(?:the )?(?:tool )?(?<tool>[a-z]+(?:_[a-z]+)+|[a-z][a-z0-9-]*__[a-z0-9_-]+)(?: (?:with )?(?:arguments )?(?<input>.+))?',
  ),
  answer: ({ tool = '', input }, ask) => ask.run(nameOf(tool), inputOf(input)),
};

/** Those of other servers have the letters that these have given them. */
function nameOf(tool: string): string {
  return tool.includes(serverSeparator) ? tool : tool.toLowerCase();
}

function inputOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  if (text.startsWith('{')) return Object(parsed(text));
  const pairs = text.split(/[\s,]+(?=[\w.]+=)/).map((pair) => pair.split(/=(.*)/s));
  const wrong = pairs.find(([name, value]) => !name || value === undefined);
  if (wrong) {
    throw new AppError(
      'VALIDATION_FAILED',
      `"${wrong.join('=')}" is no argument: give JSON, or name=value`,
    );
  }
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, readValue(value)]));
}

function readValue(text: string): unknown {
  if (/^-?\d{1,15}(?:\.\d{1,10})?$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^["[{]/.test(text)) return parsed(text);
  return text.includes(',') ? text.split(',') : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('VALIDATION_FAILED', 'The arguments are not valid JSON', { cause: error });
  }
}
