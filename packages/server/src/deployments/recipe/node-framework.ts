import { readConfig } from './node-config.ts';
import type { NodePackage } from './node-package.ts';
import type { ProjectFiles } from './project-files.ts';

export interface FrameworkStart {
  argv: string[];
  notes: string[];
}

const vitePreview = ['node_modules/.bin/vite', 'preview', '--host', '{HOST}', '--port', '{PORT}'];

/** How the server of a framework is started when package.json has no script for it. */
export async function findFrameworkStart(
  project: ProjectFiles,
  { installed, scripts }: NodePackage,
): Promise<FrameworkStart | undefined> {
  const build = scripts.build ?? '';
  if (build === '') return undefined;
  const starts = (argv: string[], note: string) => ({ argv, notes: [note] });
  if (installed.has('next') && /\bnext build\b/.test(build)) {
    const argv = ['node_modules/.bin/next', 'start', '--hostname', '{HOST}', '--port', '{PORT}'];
    return starts(argv, 'package.json has no script "start": started by "next start".');
  }
  if (installed.has('nuxt') && /\bnuxi? build\b|\bnuxt build\b/.test(build)) {
    return starts(['node', '.output/server/index.mjs'], 'A Nuxt server.');
  }
  if (installed.has('@astrojs/node') && /\bastro build\b/.test(build)) {
    return starts(['node', 'dist/server/entry.mjs'], 'An Astro server.');
  }
  if (installed.has('@sveltejs/adapter-node'))
    return starts(['node', 'build'], 'A SvelteKit server.');
  if (installed.has('@sveltejs/kit') && !installed.has('@sveltejs/adapter-static')) {
    return starts(
      vitePreview,
      'SvelteKit without an adapter for Node is served by "vite preview". For production install @sveltejs/adapter-node.',
    );
  }
  if (installed.has('@tanstack/react-start') || installed.has('@tanstack/solid-start')) {
    const nitro = /\bnitro/.test(await readConfig(project, 'vite.config'));
    return nitro
      ? starts(['node', '.output/server/index.mjs'], 'A TanStack server.')
      : starts(
          vitePreview,
          'TanStack Start without Nitro is served by "vite preview". For production add its plugin nitro().',
        );
  }
  if (installed.has('@remix-run/serve')) {
    return starts(['node_modules/.bin/remix-serve', 'build/server/index.js'], 'A Remix server.');
  }
  if (installed.has('@nestjs/core')) return starts(['node', 'dist/main.js'], 'A Nest server.');
  return undefined;
}
