/** The systems whose settings lie with the project's files, and say on their own what they do. */
export type CiSystem =
  | 'github'
  | 'gitlab'
  | 'circleci'
  | 'bitbucket'
  | 'azure'
  | 'jenkins'
  | 'other';

/**
 * Only where the systems look for them, so from the project's root. `.ci/` is no system's own; it is
 * where scripts that any system runs are kept.
 */
const places: readonly [RegExp, CiSystem][] = [
  [/^\.(?:github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml$/, 'github'],
  [/^(?:\.gitlab-ci\.ya?ml|\.gitlab\/(?:ci\/)?[^/]+\.ya?ml)$/, 'gitlab'],
  [/^\.circleci\/[^/]+\.ya?ml$/, 'circleci'],
  [/^bitbucket-pipelines\.ya?ml$/, 'bitbucket'],
  [/^(?:\.?azure-pipelines[^/]*\.ya?ml|\.azure-pipelines\/.+\.ya?ml)$/, 'azure'],
  [/^(?:(?:ci|jenkins|\.jenkins)\/)?Jenkinsfile(?:\.[\w-]+)?$/, 'jenkins'],
  [/^\.(?:travis|drone|cirrus|build|appveyor|zuul|woodpecker)\.(?:ya?ml|star)$/, 'other'],
  [/^(?:appveyor|buildspec|cloudbuild|codemagic|bitrise|wercker)\.ya?ml$/, 'other'],
  [
    /^\.(?:builds|buildkite|woodpecker|semaphore|teamcity|tekton)\/[^/]+\.(?:ya?ml|kts?|xml)$/,
    'other',
  ],
  [/^\.ci\/[^/.][^/]*$/, 'other'],
];

/** Whether a file says what is run for each change, on a machine other than the author's. */
export function isCiFile(path: string): boolean {
  return ciSystemOf(path) !== undefined;
}

export function ciSystemOf(path: string): CiSystem | undefined {
  return places.find(([place]) => place.test(path))?.[1];
}
