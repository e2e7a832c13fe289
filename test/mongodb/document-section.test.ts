import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { splitDocuments } from '../../src/connectors/mongodb/bson/documents.ts';
import { wholeDocuments } from '../../src/connectors/mongodb/writer/form/row-form.ts';
import { DocumentSection } from '../../src/connectors/mongodb/writer/write/document-section.ts';
import { rawBatches } from '../../src/connectors/mongodb/writer/write/raw-batches.ts';
import { findSequenceClass, sequenceOf } from '../../src/connectors/mongodb/writer/write/raw-command.ts';
import type { Chunk } from '../../src/protocol/chunk.ts';

const documentOf = (number: number, length = 10): Uint8Array =>
  BSON.serialize({ _id: number, text: 'x'.repeat(length) });
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

test('a section is, time after time, what the driver itself would send', () => {
  const Sequence = findSequenceClass();
  const section = new DocumentSection('documents', 100);
  for (const numbers of [[1, 2, 3], [4], [5, 6, 7, 8, 9, 10, 11, 12]]) {
    const documents = numbers.map((number) => documentOf(number));
    const driver = Sequence === null ? null : new Sequence('documents');
    for (const document of documents) driver?.push(null, document);
    section.clear();
    for (const document of documents) section.add(document);
    const sent = sequenceOf('documents', section);
    expect(sent).toBeInstanceOf(Sequence);
    expect(hex((sent as typeof driver)?.toBin())).toBe(hex(driver?.toBin()));
  }
});

test('batches hold all documents in their order, each its own, and a large one alone', async () => {
  const numbers = Array.from({ length: 12_000 }, (_, index) => index);
  const large = 6_000;
  const documents = numbers.map((number) => documentOf(number, number === large ? 5_000_000 : 200));
  const chunks = async function* (): AsyncIterable<Chunk> {
    for (let at = 0; at < documents.length; at += 1_000) {
      const some = documents.slice(at, at + 1_000);
      yield { format: 'bson', bytes: Buffer.concat(some), rowCount: some.length };
    }
  };
  const seen: number[] = [];
  const sizes: number[] = [];
  for await (const batch of rawBatches(chunks(), wholeDocuments)) {
    const ids = [...splitDocuments(batch.documents.documents)].map((bytes) =>
      Number(BSON.deserialize(bytes)['_id']),
    );
    expect(batch.count).toBe(ids.length);
    if (ids.includes(large)) expect(ids).toEqual([large]);
    else sizes.push(batch.documents.documents.length);
    seen.push(...ids);
  }
  expect(seen).toEqual(numbers);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * 1024 * 1024);
  expect(sizes.length).toBeGreaterThan(2);
});
