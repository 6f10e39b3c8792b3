import { type Check, lin, notApplicable, scored, seen } from '../check.ts';
import { counted } from '../wording.ts';

const head = { id: 'ai_ready', title: 'Instructions for AI agents', max: 5 };

/** Where agents look for what they should know of a project. */
const places =
  /^(?:(?:.+\/)?(?:AGENTS|CLAUDE|GEMINI)\.md|\.cursorrules|\.windsurfrules|\.clinerules(?:\/.+)?|\.cursor\/rules\/.+|\.windsurf\/rules\/.+|\.claude\/(?:CLAUDE\.md|rules\/.+)|\.github\/(?:copilot-instructions\.md|instructions\/.+\.md)|\.junie\/guidelines\.md|\.rules|\.aiassistant\/rules\/.+|CONVENTIONS\.md)$/;

/** In bytes, of all together: less than this says no more than that there is such a file. */
const enough = 200;

function isAgentInstructions(path: string): boolean {
  return places.test(path);
}

export const agentInstructions: Check = ({ files }) => {
  if (files.length === 0)
    return notApplicable(head, 'There are no files to give instructions for.');
  const found = files.filter(({ path }) => isAgentInstructions(path));
  const size = found.reduce((sum, file) => sum + file.size, 0);
  return scored(head, {
    part: lin(size, 0, enough),
    evidence: found.map((file) => seen(file.path, counted(file.size, 'byte'))),
    why:
      found.length === 0
        ? 'No AGENTS.md, CLAUDE.md or other rules tell an AI agent how the project is worked on.'
        : `${counted(found.length, 'file')} with ${counted(size, 'byte')} ${found.length === 1 ? 'tells' : 'tell'} AI agents how the project is worked on; ${enough} earn all.`,
    fix: 'Write an AGENTS.md: where things are, how to build and test, and which rules hold.',
  });
};
