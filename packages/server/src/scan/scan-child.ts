import { answerParent } from './answer-parent.ts';
import type { ScanProgress, ScanRequest, ScanResult } from './scan-result.ts';

answerParent<ScanRequest, ScanResult, ScanProgress>(async (request, onProgress, signal) => {
  // Loaded only now, so that signals are heard as soon as there is a process.
  const { readProject } = await import('./read-project.ts');
  return readProject(request, onProgress, signal);
});
