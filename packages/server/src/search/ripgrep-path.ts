import { createRequire } from 'node:module';

/** The ripgrep that came with BorgOS for this machine; `null`: there is none. */
export function findRipgrep(): string | null {
  const { platform, arch } = process;
  try {
    return createRequire(import.meta.url).resolve(`@vscode/ripgrep-${platform}-${arch}/bin/rg`);
  } catch {
    return null;
  }
}
