/** As many as a project may have. */
const MAX_STACK = 50;

/** What the user wrote, in that order, then what was found and is not there already. */
export function mergeStack(own: readonly string[], found: readonly string[]): string[] {
  const known = new Set(own.map(technologyKey));
  const added = found.filter((name) => {
    const isNew = !known.has(technologyKey(name));
    known.add(technologyKey(name));
    return isNew;
  });
  return [...own, ...added].slice(0, Math.max(MAX_STACK, own.length));
}

const SAME: Readonly<Record<string, string>> = {
  postgres: 'postgresql',
  psql: 'postgresql',
  node: 'nodejs',
  golang: 'go',
  next: 'nextjs',
  nest: 'nestjs',
  vuejs: 'vue',
  reactjs: 'react',
  expressjs: 'express',
  angularjs: 'angular',
  tailwindcss: 'tailwind',
  'c#': 'csharp',
  '.net': 'dotnet',
  k8s: 'kubernetes',
  mongo: 'mongodb',
  js: 'javascript',
  ts: 'typescript',
  springboot: 'spring',
  rubyonrails: 'rails',
};

/** The one spelling of a technology: `Node.js`, `node js` and `nodejs` are one. */
export function technologyKey(name: string): string {
  const plain = name.trim().toLowerCase();
  const short = plain.replace(/[\s_-]|\.(?=js$)/g, '');
  const spelling = Object.hasOwn(SAME, plain) ? plain : short;
  return (Object.hasOwn(SAME, spelling) ? SAME[spelling] : undefined) ?? short;
}
