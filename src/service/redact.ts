import type { SecretText } from '../protocol/secret.ts';

/** Takes secrets out of a text. Fits pino's `hooks.streamWrite`, so that a log line can't carry one either. */
export type Redactor = (text: string) => string;

const mask = '[secret]';

/** `scheme://user:password@`: up to the last @ before the path, as passwords may hold one that was not escaped. Our own examples say `password`. */
const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@"'`]*):(?!password@)([^\s"'`]+)@/gi;

/**
 * Replaces every secret in a text: as it is, URL-encoded, JSON-escaped, and any password in a URL whether it is known or not.
 * Texts under four characters are replaced only where they stand alone, else they would eat every word that holds them.
 * `publicWords` are shown anyway (names of databases, users, hosts): a secret that equals one of them hides nothing.
 */
export function createRedactor(secrets: readonly SecretText[], publicWords: Iterable<string> = []): Redactor {
  const known = new Set(publicWords);
  const texts = new Set(
    secrets.flatMap((secret) => secretParts(secret.reveal())).filter((text) => !known.has(text)),
  );
  const patterns = [...new Set([...texts].flatMap(spellings))]
    .sort((a, b) => b.length - a.length)
    .map(patternOf);
  const pattern = patterns.length === 0 ? null : new RegExp(patterns.join('|'), 'g');
  return (text) => maskUrlPasswords(pattern === null ? text : text.replace(pattern, mask));
}

/** Words that a label shows to everybody, for `publicWords`. */
export const wordsOf = (label: string): readonly string[] =>
  [...label.split(/[\s:/@?&=,]+/), label].filter((word) => word !== '');

/** A URL for people: without its password and without its query, where passwords also stand. */
export function describeUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return '(not a URL)';
  const user = parsed.username === '' ? '' : `${decode(parsed.username)}@`;
  return `${parsed.protocol}//${user}${parsed.host}${parsed.pathname}`;
}

const maskUrlPasswords = (text: string): string => text.replace(urlPassword, `$1:${mask}@`);

/** A secret, and where it is a URL, the password and other secret parameters in it. */
function secretParts(secret: string): readonly string[] {
  const url = URL.parse(secret);
  if (url === null || url.host === '') return secret === '' ? [] : [secret];
  const parameters = [...url.searchParams].filter(([name]) => /password|secret|token|key/i.test(name));
  const values = [url.password, ...parameters.map(([, value]) => value)].filter((value) => value !== '');
  return [secret, ...values.flatMap((value) => [value, decode(value)])];
}

/** How a secret may be spelt in a line of output. */
function spellings(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  // A certificate's key is printed line by line.
  const lines = text
    .split(/\r?\n/)
    .filter((line) => line.length >= 16 && line !== text && !line.startsWith('-----'));
  const form = new URLSearchParams({ '': text }).toString().slice(1);
  return [text, json, encodeURI(wellFormed(text)), encodeURIComponent(wellFormed(text)), form, ...lines];
}

const shortest = 4;

function patternOf(text: string): string {
  const escaped = RegExp.escape(text);
  return text.length >= shortest ? escaped : `(?<!\\w)${escaped}(?!\\w)`;
}

/** encodeURI throws on halves of surrogate pairs. */
const wellFormed = (text: string): string => text.toWellFormed();

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
