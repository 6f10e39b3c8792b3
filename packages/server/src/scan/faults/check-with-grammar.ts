import { explainMisfit, explainUnbalanced, firstErrorOffset } from './explain-misfit.ts';
import { type FaultAt, type SyntaxCheck, valid } from './fault.ts';
import type { Grammar } from './tree-sitter.ts';
import type { TreeSitterSpares } from './tree-sitter-spares.ts';

export interface GrammarRules {
  grammar: Grammar;
  /**
   * The text in other forms, each as long as the text itself, that the language allows and the
   * grammar does not know. The text is in order if one of them is.
   */
  forms?: (text: string) => string[];
  /** Whether what is at this place may be right all the same, if only the brackets match. */
  mayBeRight?: (text: string, fault: FaultAt) => boolean;
  /** What the grammar lets pass and the language does not: a query that captures it. */
  wrong?: { query: string; message: string };
}

/** Checks with a grammar of tree-sitter. The first fault only: those after it are mostly its echo. */
export function checkWithGrammar(spares: TreeSitterSpares, rules: GrammarRules): SyntaxCheck {
  const { grammar, forms = () => [], mayBeRight = () => false, wrong } = rules;

  function findFault(text: string): FaultAt | undefined {
    return spares.use((treeSitter) => {
      const tree = treeSitter.parse(grammar, text);
      try {
        if (!tree.rootNode.hasError) {
          const offset = wrong && treeSitter.firstCapture(grammar, tree, wrong.query);
          return offset === undefined ? undefined : { offset, message: wrong?.message ?? '' };
        }
        const misfit = treeSitter.firstMisfit(grammar, text);
        const fault = misfit
          ? explainMisfit(text, tree, misfit)
          : { offset: firstErrorOffset(tree), message: 'The syntax is wrong here' };
        return mayBeRight(text, fault) ? explainUnbalanced(text, tree) : fault;
      } finally {
        tree.delete();
      }
    });
  }

  return (text) => {
    let fault = findFault(text);
    if (!fault) return valid;
    for (const form of forms(text)) {
      if (form === text) continue;
      fault = findFault(form);
      if (!fault) return valid;
    }
    return { faults: [fault] };
  };
}
