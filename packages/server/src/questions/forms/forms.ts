import { codeForms } from './code-forms.ts';
import { deploymentForms } from './deployment-forms.ts';
import { errorForms } from './error-forms.ts';
import { fileForms } from './file-forms.ts';
import { type Form, plainQuestion } from './form.ts';
import { projectForms } from './project-forms.ts';
import { systemForms } from './system-forms.ts';
import { toolForm } from './tool-forms.ts';

/** In the order they are tried: what is said more exactly comes first. */
export const forms: readonly Form[] = [
  toolForm,
  ...codeForms,
  ...systemForms,
  ...projectForms,
  ...deploymentForms,
  ...errorForms,
  ...fileForms,
];

/** The form that a question has, with what it says; `undefined`: none, and nothing is guessed. */
export function formOf(
  question: string,
): { form: Form; said: Record<string, string | undefined> } | undefined {
  const plain = plainQuestion(question);
  for (const form of forms) {
    const said = form.pattern.exec(plain)?.groups;
    if (said) return { form, said };
    if (form.pattern.test(plain)) return { form, said: {} };
  }
  return undefined;
}
