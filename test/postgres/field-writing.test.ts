import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/connectors/postgres/copy/byte-writer.ts';
import type { TypeModifier } from '../../src/connectors/postgres/types/codec.ts';
import { type CodecName, codecs } from '../../src/connectors/postgres/types/codecs.ts';
import { Field } from '../../src/connectors/postgres/types/field.ts';
import { fieldWriter } from '../../src/connectors/postgres/types/field-writing.ts';
import { textDecoderOfName } from '../../src/connectors/postgres/types/text-decoding.ts';

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', 'a', 'ab        ', 'ä', '𝒳𝒳', ' '.repeat(40)),
);
const digits = fc.stringMatching(/^-?\d{1,12}(\.\d{1,8})?$/);
const moments = fc
  .tuple(
    fc.constantFrom('2026-01-02', '0001-01-01', '12026-11-30', '1999-12-31'),
    fc.constantFrom(' 03:04:05', ' 03:04:05.1', ' 23:59:59.999999'),
  )
  .map((parts) => parts.join(''));
const special = fc.constantFrom('infinity', '-infinity');
const bc = moments.map((moment) => ({ moment, era: ' BC' }));
const integers = (bits: number) =>
  fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n });

/** What the output function of each type makes. */
const forms: Readonly<Partial<Record<CodecName, fc.Arbitrary<string>>>> = {
  bool: fc.constantFrom('t', 'f'),
  int2: integers(16).map(String),
  int4: integers(32).map(String),
  oid: fc.nat(0x7fffffff).map(String),
  int8: fc.oneof(integers(64), integers(40)).map(String),
  numeric: fc.oneof(digits, fc.constantFrom('NaN', 'Infinity', '-Infinity', '0', '-0.50', '0.00')),
  text: texts,
  bpchar: texts,
  json: fc.json(),
  jsonb: fc.constantFrom('{}', '{"a": 1}', '[1, "ä", null]', '"x"', '1.50', 'true'),
  timestamp: fc.oneof(
    moments,
    special,
    bc.map(({ moment, era }) => `${moment}${era}`),
  ),
  timestamptz: fc.oneof(
    moments.map((moment) => `${moment}+00`),
    special,
    bc.map(({ moment, era }) => `${moment}+00${era}`),
  ),
  uuid: fc.uuid(),
  date: fc.constantFrom('2026-01-02', 'infinity'),
};

const modifier = fc.option(
  fc.record({
    length: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }),
    scale: fc.option(fc.integer({ min: 0, max: 9 }), { nil: null }),
    secondDigits: fc.option(fc.integer({ min: 0, max: 6 }), { nil: null }),
  }),
  { nil: null },
);

interface Told {
  readonly text: string;
  readonly stored: TypeModifier | null;
}

/** Null: the writer leaves it to others. */
function direct(type: CodecName, { text, stored }: Told): string | null {
  const before = Buffer.from(`+00 ${text} 2026-01-02`);
  const bytes = Buffer.from(before);
  const field = new Field();
  field.over(bytes, 4, 4 + Buffer.byteLength(text));
  const out = new ByteWriter();
  const isWritten = fieldWriter(type, type)?.(field, out, stored) ?? false;
  expect(bytes).toEqual(before);
  if (!isWritten) expect(out.at).toBe(0);
  return isWritten ? out.take().toString('hex') : null;
}

function byValue(type: CodecName, { text, stored }: Told): string {
  const bytes = Buffer.from(text);
  const out = new ByteWriter();
  codecs[type].encode(textDecoderOfName(type)(bytes, 0, bytes.length), out, stored);
  return out.take().toString('hex');
}

/** The server reads jsonb, blanks and all. */
const meant = (type: CodecName, hex: string): unknown =>
  type === 'jsonb' ? JSON.parse(Buffer.from(hex, 'hex').toString('utf8', 1)) : hex;

describe.each(Object.entries(forms) as [CodecName, fc.Arbitrary<string>][])('%s', (type, form) => {
  test('is written as its value would be, or left to others, and its bytes stay as they were', () => {
    fc.assert(
      fc.property(form, modifier, (text, stored) => {
        const written = direct(type, { text, stored });
        if (written !== null)
          expect(meant(type, written)).toEqual(meant(type, byValue(type, { text, stored })));
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  ['int4', '-42'],
  ['int8', '123456789012345'],
  ['numeric', '1234.50'],
  ['text', 'äöü'],
  ['bpchar', 'ab  '],
  ['jsonb', '{"a": 1}'],
  ['timestamp', '2026-01-02 03:04:05.5'],
  ['timestamptz', '2026-01-02 03:04:05+00'],
] as const)('no value is made of the usual %s', (type, text) => {
  const written = direct(type, { text, stored: null });
  expect(meant(type, written ?? '')).toEqual(meant(type, byValue(type, { text, stored: null })));
});

test('a type that travels as another is left to others, and a text travels as it is', () => {
  expect(fieldWriter('int4', 'int8')).toBeNull();
  expect(fieldWriter('inet', null)).toBeNull();
  expect(fieldWriter('text', null)).not.toBeNull();
});
