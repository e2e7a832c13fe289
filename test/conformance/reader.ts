import { describe } from 'vitest';
import { absenceConformance } from './reader/absence.ts';
import { coverageConformance } from './reader/coverage.ts';
import type { ReaderSuite } from './reader/reader-under-test.ts';
import { shortReadConformance } from './reader/short-reads.ts';
import { wordConformance } from './reader/words.ts';

/** What every reader must do. `setUp` gives a fresh source each time. */
export function readerConformance(name: string, suite: ReaderSuite): void {
  describe(`reader: ${name}`, () => {
    coverageConformance(suite);
    absenceConformance(suite);
    shortReadConformance(suite);
    wordConformance(suite);
  });
}
