import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/connectors/postgres/copy/byte-writer.ts';
import { NotEncodable } from '../../src/connectors/postgres/types/codec.ts';
import { codecs } from '../../src/connectors/postgres/types/codecs.ts';
import { microsOfIso } from '../../src/connectors/postgres/types/iso-moment.ts';

function encoded(text: string, type: 'timestamp' | 'timestamptz'): string {
  const out = new ByteWriter();
  try {
    codecs[type].encode(text, out, null);
  } catch (thrown) {
    if (thrown instanceof NotEncodable) return 'not encodable';
    throw thrown;
  }
  return out.take().toString('hex');
}

const two = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0'));
const anyText = fc
  .tuple(
    fc.integer({ min: 0, max: 9999 }).map((year) => String(year).padStart(4, '0')),
    two(14),
    two(33),
    two(26),
    two(62),
    two(62),
    fc.option(fc.nat(9_999_999).map(String), { nil: null }),
    fc.constantFrom('', 'Z', '+02', ' BC'),
  )
  .map(([year, month, day, hour, minute, second, fraction, end]) => ({
    date: `${year}-${month}-${day}`,
    clock: `${hour}:${minute}:${second}${fraction === null ? '' : `.${fraction}`}${end}`,
  }));

describe('microsOfIso', () => {
  test('reads the usual spelling and nothing else', () => {
    expect(microsOfIso('2000-01-01T00:00:00')).toBe(0);
    expect(microsOfIso('2000-01-01T00:00:01.5Z')).toBe(1_500_000);
    expect(microsOfIso('1999-12-31T23:59:59.999999')).toBe(-1);
    for (const other of ['2000-01-01 00:00:00', '2000-01-01', '20000-01-01T00:00:00', 'infinity', ''])
      expect(microsOfIso(other)).toBeNull();
  });

  test('says the same as the reading of all spellings, which a blank instead of the T asks for', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('timestamp', 'timestamptz'), ({ date, clock }, type) => {
        expect(encoded(`${date}T${clock}`, type)).toBe(encoded(`${date} ${clock}`, type));
      }),
      { numRuns: 3_000 },
    );
  });
});
