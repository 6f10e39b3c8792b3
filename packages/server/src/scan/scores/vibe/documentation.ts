import { type Check, lin, scored, seen } from '../check.ts';
import { findReadme } from '../readme.ts';
import { counted, numeral } from '../wording.ts';

const readmeHead = { id: 'readme_quality', title: 'A readme that gets one going', max: 8 };
const guideHead = { id: 'contributing', title: 'A guide for contributors, and docs', max: 7 };

/** Characters. */
const enough = 1500;
/** What each of its qualities is worth. */
const worth = { length: 3, structure: 1, start: 2, example: 2 };

/** Headings of Markdown, AsciiDoc and HTML, and the underlined ones of reStructuredText. */
const heading = /^(?:#{1,6}\s|={1,5}\s|<h[1-6]\b|(?:={3,}|-{3,}|~{3,})\s*$)/gim;
const fewestHeadings = 3;
const start =
  /\b(?:install(?:ation|ing)?|setup|set up|get(?:ting)? started|quick ?start|usage|how to (?:use|run|build)|running|development)\b/i;
const example =
  /^(?:```|~~~| {4}\S|\t\S|----\s*$)|^\.\. (?:code|code-block|sourcecode)::|::\s*$|<pre\b/m;

export const readmeQuality: Check = (facts) => {
  const found = findReadme(facts);
  if (!found) {
    return scored(readmeHead, {
      part: 0,
      why: 'There is no readme.',
      fix: `Add a README.md of ${numeral(enough)} characters with headings, how to install and run it, and an example.`,
    });
  }
  const { file, text } = found;
  const headings = text.match(heading)?.length ?? 0;
  const has = {
    structure: headings >= fewestHeadings,
    start: start.test(text),
    example: example.test(text),
  };
  const points =
    worth.length * lin(text.length, 0, enough) +
    (has.structure ? worth.structure : 0) +
    (has.start ? worth.start : 0) +
    (has.example ? worth.example : 0);
  const lacks = [
    ...(has.start ? [] : ['a section on how to install and run it']),
    ...(has.example ? [] : ['a code example']),
    ...(has.structure ? [] : [`at least ${fewestHeadings} headings`]),
    ...(text.length < enough ? [`${numeral(enough - text.length)} more characters`] : []),
  ];
  return scored(readmeHead, {
    part: points / readmeHead.max,
    evidence: [
      seen(file, counted(text.length, 'character')),
      seen(file, counted(headings, 'heading')),
      seen(file, has.start ? 'says how to start' : 'does not say how to start'),
      seen(file, has.example ? 'has an example' : 'has no example'),
    ],
    why:
      lacks.length === 0
        ? `${file} has ${counted(text.length, 'character')}, headings, a way to start and an example.`
        : `${file} has ${counted(text.length, 'character')} and lacks ${lacks.join(', ')}.`,
    fix: `Add to ${file}: ${lacks.join(', ')}.`,
  });
};

const contributing = /^(?:\.github\/|docs\/)?(?:contributing|hacking|development)(?:\.[\w-]+)*$/i;
const changes =
  /^(?:docs\/)?(?:changelog|changes|history|news|releases?)(?:\.(?:md|rst|txt|adoc))?$/i;
const pages =
  /^(?:(?:docs?|documentation|wiki|website|adr)\/.+\.(?:md|mdx|rst|adoc|txt|html)|(?:architecture|design)\.(?:md|rst|adoc)|mkdocs\.ya?ml)$/i;

/** What each is worth. */
const guide = { contributing: 3, pages: 3, changes: 1 };

export const contributingAndDocs: Check = (facts) => {
  const paths = facts.files.filter(({ size }) => size > 0).map(({ path }) => path);
  const readme = findReadme(facts);
  const own = paths.find((path) => contributing.test(path));
  // A section in the readme is half a guide.
  const section =
    !own && /^(?:#+\s*)?.{0,20}\bcontribut(?:e|ing|ions?)\b/im.test(readme?.text ?? '');
  const documents = paths.filter((path) => pages.test(path));
  const log = paths.find((path) => changes.test(path));
  const points =
    (own ? guide.contributing : section ? guide.contributing / 2 : 0) +
    (documents.length > 0 ? guide.pages : 0) +
    (log ? guide.changes : 0);
  const lacks = [
    ...(own ? [] : ['a CONTRIBUTING.md that says how to build, test and propose a change']),
    ...(documents.length > 0 ? [] : ['pages in docs/, or an ARCHITECTURE.md']),
    ...(log ? [] : ['a CHANGELOG.md']),
  ];
  return scored(guideHead, {
    part: points / guideHead.max,
    evidence: [
      ...(own ? [seen(own, 'guide for contributors')] : []),
      ...(section && readme ? [seen(readme.file, 'section for contributors')] : []),
      ...(log ? [seen(log, 'list of changes')] : []),
      ...documents.slice(0, 10).map((path) => seen(path, 'documentation')),
    ],
    why: `There is ${own ? 'a' : section ? 'only a section of the readme as a' : 'no'} guide for contributors, ${log ? 'a' : 'no'} list of changes, and ${documents.length > 0 ? counted(documents.length, 'page') : 'nothing'} of documentation.`,
    fix: `Add ${lacks.join(', and ')}.`,
  });
};
