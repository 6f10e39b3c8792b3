import type { Asking } from '../asking.ts';

/** A question that can be answered without a language model. */
export interface Form {
  /** How it may be asked: shown to who asks something else. */
  example: string;
  /** Compared with the question after `plainQuestion`. */
  pattern: RegExp;
  /** @throws AppError, also where what is named is not there */
  answer(said: Record<string, string | undefined>, ask: Asking): Promise<unknown>;
}

/** Names of what is asked about, as a project or a deployment: letters of any language, no line ends. */
const name = '[^\\s"\'`]+(?: [^\\s"\'`]+){0,5}?';

/** ` in the project`, ` of project shop`, ` in shop`; nothing: the one of the context. */
export const ofProject = `(?: (?:(?:are |is )?(?:in|of|for|from|about)|has|have|does) (?:(?:the|this|my|our|current) project|(?:the )?(?:project )?["'\`]?(?<project>${name})["'\`]?(?: project)?)(?: have)?)?`;

/** ` deployment 7`, ` shop`, ` the deployment shop`. */
export const deployment = `(?:the )?(?:(?:deployment|app|service) )?(?:(?:number )?#?(?<deployment_id>[1-9]\\d{0,8})|["'\`]?(?<deployment>${name})["'\`]?)(?: deployment| app| service)?`;

/** Makes a pattern for the whole question, in any case. */
export function asks(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`, 'iu');
}

const politeness =
  /^(?:(?:hey|hi|hello|borgos|please|pls|can you|could you|would you|i want to|i would like to|i'd like to|let me|tell me|and)[,:]? )+/i;

/** The question without what says nothing: politeness, articles of speech, marks at its end. */
export function plainQuestion(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(politeness, '')
    .replace(/^(?:show|give|get|display) me /i, 'show ')
    .replace(/^what's /i, 'what is ')
    .replace(/^who's /i, 'who is ')
    .replace(/^where's /i, 'where is ')
    .replace(/(?: please)?[\s?!.]*$/i, '');
}
