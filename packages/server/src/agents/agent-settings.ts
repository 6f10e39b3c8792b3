import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { agentName } from '@borgos/contracts/agent-tasks';
import { z } from 'zod';

const price = z.strictObject({
  /** Dollars for a million tokens. */
  input_usd: z.number().min(0),
  output_usd: z.number().min(0),
});

const agentsFile = z.strictObject({
  limits: z
    .strictObject({
      /** Of all tasks that run at the same time. */
      running: z.int().min(1).max(200).default(4),
      /** Of those of one agent, where it has no `most_running` of its own. */
      per_agent: z.int().min(1).max(200).default(2),
      /** Of those of one project. */
      per_project: z.int().min(1).max(200).default(2),
      /** How long a question of an agent waits for a person. */
      approval_seconds: z.int().min(1).max(86_400).default(900),
    })
    .prefault({}),
  /** By the name of a model. */
  prices: z.record(z.string(), price).default({}),
  /** By their names; what else belongs to one is up to its kind. */
  agents: z
    .record(
      agentName,
      z.looseObject({
        kind: z.enum(['command', 'acp']),
        most_running: z.int().min(1).max(200).optional(),
      }),
    )
    .default({}),
});

/** What `agents.json` in BORGOS_HOME says. */
export type AgentSettings = z.infer<typeof agentsFile>;
export type Prices = AgentSettings['prices'];

const largestFile = 262_144;

/**
 * Reads `agents.json`; without one everything has its default.
 * @throws Error that names the file and everything that is wrong with it
 */
export function readAgentSettings(home: string): AgentSettings {
  const file = join(home, 'agents.json');
  const parsed = agentsFile.safeParse(readJson(file));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `  - ${path.join('.') || 'the file'}: ${message}`,
  );
  throw new Error(`${file} is wrong, so BorgOS does not start.\n${problems.join('\n')}`);
}

function readJson(file: string): unknown {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return {};
  if (!stat.isFile() || stat.size > largestFile) {
    throw new Error(`${file} must be a file of at most ${largestFile} bytes.`);
  }
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // The parser quotes the text it stumbles over, which can be a password.
    if (error instanceof SyntaxError) throw new Error(`${file} must be valid JSON.`);
    throw error;
  }
}
