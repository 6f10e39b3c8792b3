// How many of a folder of examples get the right stack and a way to start, judged by what the
// examples are called: `go-gin` must be found to be Go. Those whose stack BorgOS has no recipe for
// are left out of the figure, as are those that only mean something to another tool.
//
//   node bench/recipes.ts <folder of examples>... [--all]      (--all: also show the right ones)
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { detectRecipe } from '../packages/server/src/deployments/recipe/detect-recipe.ts';
import type { Recipe } from '../packages/server/src/deployments/recipe.ts';

type Stack = Recipe['stack'];

const words = process.argv.slice(2);
const folders = words.filter((word) => !word.startsWith('--'));
const all = words.includes('--all');

/** Examples of settings of other tools, without anything else in them. */
const foreign = /^(dockerignore|node-python|node-custom-cache-directories)$/;

/** The start of a name, and the stacks that would be right. */
const expected: [RegExp, Stack[]][] = [
  [/^node-bun$|^node-bun-(bunfig|web-server|workspaces|prisma)|^bun-/, ['bun', 'node']],
  [/^(node|npm|pnpm|tanstack|expo|config-file|dockerignore)(-|$)/, ['node', 'bun', 'static']],
  [/^deno/, ['deno']],
  [/^python/, ['python']],
  [/^go(-|$)/, ['go']],
  [/^rust/, ['rust']],
  [/^java/, ['java']],
  [/^php/, ['php']],
  [/^ruby/, ['ruby']],
  [/^(dotnet|csharp|fsharp)/, ['dotnet']],
  [/^(staticfile|index)/, ['static', 'node']],
  [/^procfile/, ['node']],
];

interface Tally {
  right: number;
  of: number;
}

const tallies = new Map<string, Tally>();
let skipped = 0;
const started = performance.now();
let examples = 0;

for (const folder of folders) {
  for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )) {
    const right = expected.find(([pattern]) => pattern.test(name))?.[1];
    if (right === undefined || foreign.test(name)) {
      skipped += 1;
      continue;
    }
    examples += 1;
    await judge(path.join(folder, name), name, right);
  }
}

const took = performance.now() - started;
console.log('');
let sum = 0;
let of = 0;
for (const [stack, tally] of tallies) {
  console.log(`${stack.padEnd(8)} ${tally.right} of ${tally.of}`);
  sum += tally.right;
  of += tally.of;
}
const share = (100 * sum) / Math.max(1, of);
console.log(`all      ${sum} of ${of}: ${share.toFixed(1)} %, wanted are 95 %`);
console.log(`${skipped} left out; ${(took / Math.max(1, examples)).toFixed(1)} ms an example`);
process.exitCode = share >= 95 ? 0 : 1;

async function judge(directory: string, name: string, stacks: Stack[]): Promise<void> {
  const stack = stacks[0] ?? 'static';
  const tally = tallies.get(stack) ?? { right: 0, of: 0 };
  tallies.set(stack, tally);
  tally.of += 1;
  try {
    const recipe = await detectRecipe(directory);
    const start = recipe.start?.join(' ') ?? '';
    // A Dockerfile of its own comes first, whatever it builds.
    const right = stacks.includes(recipe.stack) || recipe.stack === 'dockerfile';
    const fault = right ? await faultOf(directory, recipe) : 'wrong stack';
    if (fault === undefined) tally.right += 1;
    if (fault !== undefined || all) {
      console.log(
        `${fault === undefined ? 'right' : 'WRONG'} ${name}: ${recipe.stack}, ${start}${fault ? ` (${fault})` : ''}`,
      );
    }
  } catch (error) {
    console.log(`WRONG ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A start command that names a file which neither is there nor is made by a build. */
async function faultOf(directory: string, recipe: Recipe): Promise<string | undefined> {
  const [program = '', file = ''] = recipe.start ?? [];
  if (recipe.stack === 'dockerfile') return undefined;
  if (program === '') return 'no start command';
  const source = /^(node|ruby|python3?|bun|php|\.borgos\/venv\/bin\/python)$/.test(program);
  if (!source || file.startsWith('-') || !/\.(rb|py|[cm]?[jt]sx?|php)$/.test(file))
    return undefined;
  const made = file.startsWith('.') || recipe.build.length > 0;
  return made || existsSync(path.join(directory, file)) ? undefined : `${file} is not there`;
}
