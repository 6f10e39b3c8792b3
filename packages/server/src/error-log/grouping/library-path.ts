const longestPath = 500;

/** What is above each of these belongs to the machine, what is below to a library. */
const folders = [
  '(?:node_modules|bower_components|site-packages|dist-packages|vendor)',
  '\\.yarn[\\\\/](?:cache|unplugged|__virtual__)',
  '[Ll]ib(?:64)?[\\\\/]python\\d(?:\\.\\d+)?',
  '(?:gems|lib[\\\\/]ruby(?:[\\\\/][\\d.]+)?)',
  '\\.cargo[\\\\/](?:registry[\\\\/]src[\\\\/][^\\\\/]+|git[\\\\/]checkouts)',
  'registry[\\\\/]src[\\\\/](?:index\\.crates\\.io|github\\.com)-[0-9a-f]+',
  '(?:rustc[\\\\/][0-9a-f]+|\\.rustup[\\\\/]toolchains[\\\\/][^\\\\/]+)',
  'pkg[\\\\/]mod',
  '(?:usr[\\\\/]local|usr[\\\\/]lib|opt)[\\\\/]go(?:-[\\d.]+)?[\\\\/]src',
  'hostedtoolcache[\\\\/]go[\\\\/][\\d.]+[\\\\/][^\\\\/]+[\\\\/]src',
];

// The greedy start finds the last of them: a package can hold packages of its own.
const below = new RegExp(`^(?:.*[\\\\/])?(?:${folders.join('|')})[\\\\/]`);

const builtIn =
  /^(?:node:|deno:|bun:|internal[\\/]|<frozen |<internal:|<__array_function|native[ :]|(?:chrome|moz|safari-web|safari)-extension:|(?:webpack:\/\/.*\/)?webpack[\\/](?:bootstrap|runtime|startup)|ext:|wasm:)/;

// What bundlers make of the libraries of a web page.
const bundled = /(?:^|[\\/])(?:vendors?|chunk-vendors|polyfills|framework)[.~-][\w.-]*m?js(?:\?|$)/;

/** Whether a file is a library's or the language's own, and not the app's. */
export function isLibraryPath(file: string): boolean {
  return libraryStart(file) > 0 || builtIn.test(file) || bundled.test(file);
}

/** Where the path inside the library begins; 0 when the path names none. */
export function libraryStart(file: string): number {
  if (file.length > longestPath) return 0;
  return below.exec(file)?.[0].length ?? 0;
}
