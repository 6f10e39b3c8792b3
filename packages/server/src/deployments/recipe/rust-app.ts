import type { Recipe } from '../recipe.ts';
import { programs, startOfProgram } from './built-program.ts';
import { type CargoManifest, readCargoManifest } from './cargo-manifest.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';
import { findRustProgram } from './rust-program.ts';
import { findPinnedVersion } from './tool-versions.ts';

const portOfRust = 8080;

/** A server in Rust: a program of a package or of a workspace. */
export async function detectRustApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const manifest = await readCargoManifest(project, '.');
  const program = manifest && (await findRustProgram(project, manifest));
  if (manifest === undefined || program === undefined) return undefined;
  const locked = (await project.isFile('Cargo.lock')) ? ['--locked'] : [];
  const start = await startOfProgram(project, program.name, procfile);
  const rocket = program.manifest.dependencies.has('rocket');
  const lock = (await project.head('Cargo.lock', 1024 * 1024)) ?? '';
  const openssl = /\bname = "openssl-sys"/.test(lock) || linksOpenssl(program.manifest);
  return {
    stack: 'rust',
    foundBy: 'Cargo.toml',
    dockerfile: null,
    version: await findRustVersion(project, program.manifest),
    // Cargo reads the sources to know what a package consists of.
    manifests: [],
    install: [['cargo', 'fetch', ...locked]],
    // Unlike `cargo build` it puts the program in one place, whatever `.cargo/config.toml` says.
    build: [
      [
        ...['cargo', 'install', '--path', program.folder, '--root', '.borgos', '--no-track'],
        ...['--force', ...locked, '--bin', program.name],
      ],
      // Hundreds of megabytes that a release on the machine would keep.
      ['cargo', 'clean'],
    ],
    start: rocket && start.alone ? withRocket(start.argv) : start.argv,
    environment: start.environment,
    port: portOfRust,
    extraFiles: [],
    notes: [...start.notes, `The program ${program.name} is built.`],
    container: start.alone
      ? {
          run: {
            image: 'debian',
            copy: [`${programs}/`],
            packages: ['ca-certificates', ...(openssl ? ['libssl3'] : [])],
          },
        }
      : {},
  };
}

/** Rocket has variables of its own for where it listens, and loopback as its habit. */
function withRocket(argv: string[]): string[] {
  return ['env', 'ROCKET_ADDRESS={HOST}', 'ROCKET_PORT={PORT}', ...argv];
}

function linksOpenssl({ dependencies }: CargoManifest): boolean {
  return ['openssl', 'native-tls', 'reqwest'].some((name) => dependencies.has(name));
}

/** A toolchain file is obeyed by the image itself, where it names what is no number. */
async function findRustVersion(
  project: ProjectFiles,
  manifest: CargoManifest,
): Promise<string | null> {
  const toolchain =
    (await project.head('rust-toolchain.toml', 4096)) ??
    (await project.head('rust-toolchain', 1024));
  const channel =
    /^\s*channel\s*=\s*["'](\d+\.\d+)/m.exec(toolchain ?? '')?.[1] ??
    /^\s*(\d+\.\d+)/.exec(toolchain ?? '')?.[1];
  const pinned = channel ?? (await findPinnedVersion(project, 'rust', ['.rust-version']));
  return (pinned && (/^\d+\.\d+/.exec(pinned)?.[0] ?? null)) ?? manifest.rustVersion;
}
