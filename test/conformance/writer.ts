import { describe } from 'vitest';
import { atomicityConformance } from './writer/atomicity.ts';
import { fenceConformance } from './writer/fences.ts';
import { outcomeConformance } from './writer/outcomes.ts';
import { scopeConformance } from './writer/scopes.ts';
import { windowConformance } from './writer/windows.ts';
import { wordConformance } from './writer/words.ts';
import type { WriterSuite } from './writer/writer-under-test.ts';

export type { PlanOptions, RowForm, SetUpWriter, WriterUnderTest } from './writer/writer-under-test.ts';

/** What every writer with transactions and fences must do. `setUp` gives a fresh destination each time. */
export function writerConformance(name: string, suite: WriterSuite): void {
  describe(`writer: ${name}`, () => {
    outcomeConformance(suite);
    atomicityConformance(suite);
    fenceConformance(suite);
    scopeConformance(suite);
    windowConformance(suite);
    wordConformance(suite);
  });
}
