import { describe } from 'vitest';
import { atomicityConformance } from './writer/atomicity.ts';
import { fenceConformance } from './writer/fences.ts';
import { outcomeConformance } from './writer/outcomes.ts';
import { scopeConformance } from './writer/scopes.ts';
import { windowConformance } from './writer/windows.ts';
import type { SetUpWriter } from './writer/writer-under-test.ts';

export type { PlanOptions, SetUpWriter, WriterUnderTest } from './writer/writer-under-test.ts';

/** What every writer with transactions, fences and an owned scope must do. `setUp` gives a fresh destination each time. */
export function writerConformance(name: string, setUp: SetUpWriter): void {
  describe(`writer: ${name}`, () => {
    outcomeConformance(setUp);
    atomicityConformance(setUp);
    fenceConformance(setUp);
    scopeConformance(setUp);
    windowConformance(setUp);
  });
}
