import { basename } from 'node:path/posix';

/**
 * Where tools put their reports, relative to a package's folder: most are ignored by git, so that no
 * walk finds them.
 */
export const coveragePaths: readonly string[] = [
  'coverage/lcov.info',
  'coverage/coverage-summary.json',
  'coverage/coverage-final.json',
  'coverage/cobertura-coverage.xml',
  'coverage/clover.xml',
  'coverage/coverage.xml',
  'coverage/cobertura.xml',
  'coverage/coverage.json',
  'coverage/lcov/lcov.info',
  'coverage/.last_run.json',
  'coverage/.resultset.json',
  'coverage/coverage.cobertura.xml',
  'coverage/coverage.out',
  'lcov.info',
  'coverage.lcov',
  'coverage.info',
  'coverage.xml',
  'coverage.json',
  'cobertura.xml',
  'clover.xml',
  'coverage.cobertura.xml',
  'coverage.out',
  'cover.out',
  'c.out',
  'cp.out',
  'profile.cov',
  'cover.profile',
  'coverage.txt',
  'htmlcov/coverage.xml',
  'reports/coverage.xml',
  'reports/lcov.info',
  'test-results/coverage.xml',
  'build/lcov.info',
  'build/coverage.xml',
  'build/coverage.info',
  'build/logs/clover.xml',
  'build/logs/cobertura.xml',
  'build/coverage/clover.xml',
  'build/reports/jacoco/test/jacocoTestReport.xml',
  'build/reports/kover/report.xml',
  'target/site/jacoco/jacoco.xml',
  'target/site/jacoco-ut/jacoco.xml',
  'target/site/jacoco-it/jacoco.xml',
  'target/site/jacoco-aggregate/jacoco.xml',
  'target/site/cobertura/coverage.xml',
  'target/coverage/lcov.info',
  'target/llvm-cov/lcov.info',
  'target/tarpaulin/cobertura.xml',
  'tarpaulin-report.xml',
  'cover/lcov.info',
  'cover/excoveralls.xml',
  '.nyc_output/coverage-final.json',
];

/** Names that mean a report wherever they stand. */
const NAMES = new Set(
  [
    'lcov.info',
    'coverage-summary.json',
    'coverage-final.json',
    'cobertura-coverage.xml',
    'cobertura.xml',
    'coverage.cobertura.xml',
    'clover.xml',
    'jacoco.xml',
    'jacocotestreport.xml',
    'tarpaulin-report.xml',
    '.resultset.json',
    '.last_run.json',
  ].concat(coveragePaths.filter((path) => !path.includes('/'))),
);

/** Whether the name of a file, its path with slashes, is that of a report on coverage. */
export function isCoverageFile(path: string): boolean {
  return (
    NAMES.has(basename(path).toLowerCase()) ||
    coveragePaths.some((known) => path === known || path.endsWith(`/${known}`))
  );
}
