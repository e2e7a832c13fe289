import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SecretText } from '../../src/protocol/secret.ts';
import { createRedactor, describeUrl, wordsOf } from '../../src/service/redact.ts';

const redactorOf = (...texts: string[]) => createRedactor(texts.map((text) => new SecretText(text)));

describe('createRedactor', () => {
  test('masks a secret wherever it stands, however often', () => {
    expect(redactorOf('hunter22')('a hunter22 b xhunter22x')).toBe('a [secret] b x[secret]x');
  });

  test('masks it URL-encoded, as a form and as JSON', () => {
    const secret = 'p@ss "w/rd';
    const redact = redactorOf(secret);
    const form = new URLSearchParams({ q: secret }).toString();
    const spellings = [secret, encodeURIComponent(secret), encodeURI(secret), form, JSON.stringify(secret)];
    expect(spellings.map((text) => redact(text))).toEqual([
      '[secret]',
      '[secret]',
      '[secret]',
      'q=[secret]',
      '"[secret]"',
    ]);
  });

  test('masks the password of a URL that is a secret, decoded too', () => {
    const redact = redactorOf('postgres://app:p%40ss-word@db/shop?sslpassword=other-one');
    expect(redact('password p@ss-word, p%40ss-word and other-one')).toBe(
      'password [secret], [secret] and [secret]',
    );
    expect(redact('user app at db')).toBe('user app at db');
  });

  test('masks passwords in URLs of any scheme that nobody told it about', () => {
    const redact = redactorOf();
    expect(redact('at mongodb+srv://app:secret@db/x, redis://:pw@h and amqp://u:a@b@h:1/v')).toBe(
      'at mongodb+srv://app:[secret]@db/x, redis://:[secret]@h and amqp://u:[secret]@h:1/v',
    );
    expect(redact('see http://host:8080/a and a@b')).toBe('see http://host:8080/a and a@b');
  });

  test('masks a short secret only where it stands alone', () => {
    expect(redactorOf('pg')('pg: the pgbench of "pg"')).toBe('[secret]: the pgbench of "[secret]"');
  });

  test('masks the longest first', () => {
    expect(redactorOf('abcdef', 'abcdefgh')('abcdefgh abcdef')).toBe('[secret] [secret]');
  });

  test('masks the lines of a key', () => {
    const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7';
    const redact = redactorOf(`-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`);
    expect(redact(`line ${body}`)).toBe('line [secret]');
  });

  test('leaves words that are public anyway, but not in a URL', () => {
    const redact = createRedactor(
      [new SecretText('postgres://postgres:postgres@h/d')],
      wordsOf('postgres://postgres@h:5432/d'),
    );
    expect(redact('connector postgres, postgres://postgres:postgres@other/d')).toBe(
      'connector postgres, postgres://postgres:[secret]@other/d',
    );
  });

  test('lets no secret of four or more characters through (rule 8)', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!'[secret]'.includes(secret));
        const redact = redactorOf(secret);
        expect(redact(`${before}${secret}${after}`)).toContain('[secret]');
        expect(redact(encodeURIComponent(secret.toWellFormed()))).toContain('[secret]');
      }),
    );
  });
});

test.each([
  ['postgres://app:pw@db.example:5433/shop?password=x', 'postgres://app@db.example:5433/shop'],
  ['mongodb+srv://h/d', 'mongodb+srv://h/d'],
  ['not a url pw', '(not a URL)'],
])('describeUrl(%s)', (url, described) => {
  expect(describeUrl(url)).toBe(described);
});
