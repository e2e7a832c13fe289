import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textDecoderOfName } from '../../src/connectors/postgres/types/text-decoding.ts';

const clock = fc.constantFrom('03:04:05', '03:04:05.12', '23:59:59.999999');
const date = fc.constantFrom('2026-01-02', '0001-01-01', '12026-11-30', '294276-12-31');
const era = fc.constantFrom('', ' BC');

test('moments are respelled, whatever stands around them, and the bytes stay as they were', () => {
  fc.assert(
    fc.property(fc.tuple(date, clock, era), fc.boolean(), ([day, time, years], hasZone) => {
      const field = `${day} ${time}${hasZone ? '+00' : ''}${years}`;
      const bytes = Buffer.from(`+00 ${field} 2026-01-02`);
      const before = bytes.toString('latin1');
      const decode = textDecoderOfName(hasZone ? 'timestamptz' : 'timestamp');
      expect(decode(bytes, 4, 4 + field.length)).toBe(`${day}T${time}${hasZone ? 'Z' : ''}${years}`);
      expect(bytes.toString('latin1')).toBe(before);
    }),
  );
});

test('moments without a time are told as they are', () => {
  for (const name of ['timestamp', 'timestamptz'])
    for (const special of ['infinity', '-infinity']) {
      const bytes = Buffer.from(special);
      expect(textDecoderOfName(name)(bytes, 0, bytes.length)).toBe(special);
    }
});
