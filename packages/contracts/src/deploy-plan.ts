import { z } from 'zod';
import { printable } from './fields.ts';
import { deployedStack, runtimeName } from './revisions.ts';

export const appRoot = z
  .string()
  .min(1)
  .max(1024)
  .regex(printable, 'must have no control characters')
  .meta({
    description:
      'The folder of the app in the project’s directory, where there are several; a dry run names them.',
    examples: ['apps/web'],
  });

export const deployPlan = z
  .object({
    stack: deployedStack,
    root: z
      .string()
      .nullable()
      .meta({ description: 'The folder that is built; `null`: the project’s directory.' }),
    found_by: z.string().meta({ description: 'The file or setting that told.' }),
    runtime: runtimeName,
    base_image: z.string().nullable(),
    dockerfile: z
      .string()
      .nullable()
      .meta({ description: 'What is built, in the Docker runtime.' }),
    install: z.array(z.array(z.string())),
    build: z.array(z.array(z.string())),
    start: z.array(z.string()).nullable(),
    port: z.int().meta({ description: 'Where the app is told to listen, in the container.' }),
    files: z.int().meta({ description: 'How many files are sent to the build.' }),
    bytes: z.int(),
    notes: z.array(z.string()),
  })
  .meta({ id: 'DeployPlan', description: 'How a directory would be built and started.' });

export type DeployPlan = z.infer<typeof deployPlan>;
