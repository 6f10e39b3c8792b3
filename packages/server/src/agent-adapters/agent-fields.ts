import { z } from 'zod';

// The fields that agents of `agents.json` have in common, whatever their kind.

const argument = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[^\0]*$/, 'must have no NUL');

/** A program and its arguments; nothing of it goes through a shell. */
export const command = z.array(argument).min(1).max(100);
export const moreArguments = z.array(argument).max(50);
export const variables = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
  z.string().max(8_192),
);

export const agentFields = {
  title: z.string().min(1).max(100).optional(),
  /** What is added to the environment that all agents get. */
  environment: variables.default({}),
  /** Also these variables of the environment of BorgOS. */
  pass_environment: z.array(z.string().max(200)).max(50).default([]),
  most_running: z.int().optional(),
};
