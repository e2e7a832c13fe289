import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frame } from '../../src/connectors/postgres/copy/frames.ts';
import { PostgresHashPage } from '../../src/connectors/postgres/reader/hash-page.ts';
import { HashPager } from '../../src/connectors/postgres/reader/hash-pager.ts';

const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const trailer = frame(Buffer.from([0xff, 0xff]));
const key = [
  {
    signed: false,
    decode: (bytes: Buffer, start: number, end: number) => bytes.toString('utf8', start, end),
  },
];

function row(text: string): Buffer {
  const bytes = Buffer.from(text);
  const content = Buffer.alloc(2 + 4 + 8 + 4 + bytes.length);
  content.writeInt16BE(2, 0);
  content.writeInt32BE(8, 2);
  content.writeInt32BE(bytes.length, 14);
  bytes.copy(content, 18);
  return content;
}

/** As servers send it: the header stands before the first row, in its message. */
function stream(keys: readonly string[]): Buffer {
  const [first, ...others] = keys.map(row);
  if (first === undefined) return Buffer.concat([frame(header), trailer]);
  return Buffer.concat([frame(Buffer.concat([header, first])), ...others.map(frame), trailer]);
}

function keysOf(bytes: Buffer, cuts: readonly number[]): string[] {
  const pager = new HashPager(2);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  const found: string[] = [];
  let from = 0;
  for (const end of ends) {
    for (const rows of pager.push(Buffer.from(bytes.subarray(from, end)))) {
      const page = new PostgresHashPage(rows, key);
      while (!page.atEnd) found.push(...(JSON.parse(page.take()) as string[]));
    }
    from = end;
  }
  pager.finish();
  return found;
}

describe('rows of (hash, key) out of a binary stream', () => {
  it('come whole, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 12 })),
        fc.array(fc.nat(), { maxLength: 40 }),
        (keys, cuts) => {
          expect(keysOf(stream(keys), cuts)).toEqual(keys);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('come whole when each byte comes by itself', () => {
    const bytes = stream(['a', '', 'ccc']);
    expect(
      keysOf(
        bytes,
        Array.from(bytes, (_, index) => index),
      ),
    ).toEqual(['a', '', 'ccc']);
  });

  it('refuses a stream without its end, and rows of another shape', () => {
    const bytes = stream(['a', 'b']);
    const short = new HashPager(2);
    short.push(bytes.subarray(0, -trailer.length));
    expect(() => short.finish()).toThrow('ended before its trailer');
    expect(() => new HashPager(3).push(bytes)).toThrow('2 fields where 3');
  });
});
