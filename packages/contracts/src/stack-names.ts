/** What a project can be built and run as. */
export const stackNames = [
  'dockerfile',
  'node',
  'bun',
  'deno',
  'python',
  'go',
  'rust',
  'java',
  'php',
  'ruby',
  'dotnet',
  'static',
] as const;

export type StackName = (typeof stackNames)[number];
