import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../src/connectors/postgres/copy/byte-writer.ts';
import { codecs } from '../../src/connectors/postgres/types/codecs.ts';
import { writePlainDecimal } from '../../src/connectors/postgres/types/plain-decimal.ts';

const encoded = (text: string, scale: number | null): string => {
  const out = new ByteWriter();
  codecs.numeric.encode(text, out, { length: null, scale, secondDigits: null });
  return out.take().toString('hex');
};

const digits = fc.oneof(
  fc.string({ unit: fc.constantFrom('0', '0', '1', '9'), maxLength: 14 }),
  fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 30 }),
);
const decimal = fc
  .tuple(fc.constantFrom('', '-', '+'), digits, fc.option(digits, { nil: null }))
  .filter(([, whole, part]) => whole.length + (part?.length ?? 0) > 0)
  .map(([sign, whole, part]) => `${sign}${whole}${part === null ? '' : `.${part}`}`);

test('a plain decimal is written as the reading of all spellings writes it, which an exponent asks for', () => {
  fc.assert(
    fc.property(decimal, fc.option(fc.integer({ min: -3, max: 9 }), { nil: null }), (text, scale) => {
      expect(encoded(text, scale)).toBe(encoded(`${text}e0`, scale));
    }),
    { numRuns: 5_000 },
  );
});

test('what is spelled otherwise, or has to be rounded, is left to others and writes nothing', () => {
  const out = new ByteWriter();
  for (const other of ['', '-', '.', '1e5', ' 1', '1 ', '1.2.3', 'NaN', 'Infinity', '١', '0x1'])
    expect(writePlainDecimal(other, out, null)).toBe(false);
  expect(writePlainDecimal('1.25', out, 1)).toBe(false);
  expect(out.at).toBe(0);
  expect(writePlainDecimal('1.25', out, 2)).toBe(true);
});
