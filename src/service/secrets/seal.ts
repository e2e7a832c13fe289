import { SecretText } from '../../protocol/secret.ts';

/** Texts that somebody gave us and that must not be seen. */
export const seal = (texts: readonly string[]): readonly SecretText[] =>
  texts.map((text) => new SecretText(text));
