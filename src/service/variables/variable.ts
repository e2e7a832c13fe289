/** How a variable is spelled, and which values it may have. */
export type VariableRule =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  /** `pattern`: the whole text, of a list each item; `says`: what it has to be, for people. */
  | { readonly kind: 'text'; readonly pattern: RegExp; readonly says: string }
  | { readonly kind: 'list'; readonly pattern: RegExp; readonly says: string };

/** One variable of a program that is configured by its environment. */
export interface Variable {
  readonly rule: VariableRule;
  /** Null: it may be left out; undefined: it must be given. */
  readonly preset: string | null | undefined;
  /** It is never shown, and blanks around it count. */
  readonly secret?: true;
  /** For the page that lists them. */
  readonly about: string;
}

/** Rules that most programs need. */
export const variableRules = {
  integer: (min: number, max: number): VariableRule => ({ kind: 'integer', min, max }),
  number: (min: number, max: number): VariableRule => ({ kind: 'number', min, max }),
  choice: (...of: readonly string[]): VariableRule => ({ kind: 'choice', of }),
  text: (pattern: RegExp, says: string): VariableRule => ({ kind: 'text', pattern, says }),
  list: (pattern: RegExp, says: string): VariableRule => ({ kind: 'list', pattern, says }),
  anyText: { kind: 'text', pattern: /^[^\0]{1,1024}$/s, says: 'a text of at most 1024 characters' },
  host: { kind: 'text', pattern: /^[^\s/@]{1,255}$/, says: 'a host name or an address' },
  webUrl: { kind: 'text', pattern: /^https?:\/\/\S+$/, says: 'a URL that begins with https:// or http://' },
  mailAddress: { kind: 'text', pattern: /^[^\s@,]+@[^\s@,]+$/, says: 'an e-mail address' },
  mailAddresses: {
    kind: 'list',
    pattern: /^[^\s@,]+@[^\s@,]+$/,
    says: 'e-mail addresses with commas between them',
  },
} as const satisfies Readonly<Record<string, unknown>>;

const numeric = /^[+-]?\d+(\.\d+)?$/;

/** What is wrong with a text; null: nothing. Never holds the text. */
export function faultOf(rule: VariableRule, text: string): string | null {
  switch (rule.kind) {
    case 'integer':
    case 'number': {
      const isSpelled = numeric.test(text) && (rule.kind === 'number' || /^[+-]?\d+$/.test(text));
      const value = Number(text);
      if (isSpelled && value >= rule.min && value <= rule.max) return null;
      return `must be ${rule.kind === 'integer' ? 'a whole number' : 'a number'} from ${rule.min} to ${rule.max}`;
    }
    case 'choice':
      return rule.of.includes(text) ? null : `must be one of ${rule.of.join(', ')}`;
    case 'text':
      return rule.pattern.test(text) ? null : `must be ${rule.says}`;
    case 'list': {
      const items = itemsOf(text);
      const isRight = items.length > 0 && items.every((item) => rule.pattern.test(item));
      return isRight ? null : `must be ${rule.says}`;
    }
  }
}

export const itemsOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
