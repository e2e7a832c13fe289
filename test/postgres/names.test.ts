import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeKey, encodeKey } from '../../src/connectors/postgres/key.ts';
import { formatName, parseName, qualified, quoteLiteral } from '../../src/connectors/postgres/names.ts';

test('names are read with and without schema and quotes', () => {
  expect(parseName('users')).toEqual({ schema: 'public', table: 'users' });
  expect(parseName('users', 'app')).toEqual({ schema: 'app', table: 'users' });
  expect(parseName('app.Users')).toEqual({ schema: 'app', table: 'Users' });
  expect(parseName('"Odd.Schema"."Tab""le"')).toEqual({ schema: 'Odd.Schema', table: 'Tab"le' });
  expect(qualified({ schema: 'Odd.Schema', table: 'Tab"le' })).toBe('"Odd.Schema"."Tab""le"');
  expect(formatName({ schema: 'public', table: 'My Rows' })).toBe('public.My Rows');
});

test('any name survives being spelled and read again', () => {
  const part = fc.string({ unit: 'grapheme', minLength: 1 });
  fc.assert(
    fc.property(part, part, (schema, table) => {
      expect(parseName(formatName({ schema, table }))).toEqual({ schema, table });
    }),
  );
});

test('any key survives being spelled and read again', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (parts) => {
      expect(decodeKey(encodeKey(parts))).toEqual(parts);
    }),
  );
});

test('literals are closed off', () => {
  expect(quoteLiteral(`it's \\ "x"`)).toBe(`'it''s \\ "x"'`);
});
