import type { BeginOptions, GenerationId, StagedGeneration } from '../../../../protocol/generation.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { createState } from '../state/create-state.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { dropKept } from './drop-kept.ts';
import { addEntry, forgetOldEntries } from './journal.sql.ts';
import { makeJournal, readEntries } from './journal.ts';
import { Staging } from './staging.ts';

export type BeginRequest = WriteOptions & BeginOptions;

/** Begins one; drops what was staged before. */
export async function beginGeneration(
  destination: Destination,
  request: BeginRequest,
): Promise<StagedGeneration> {
  const beginning = { ...request, point: 'generation.begin' } as const;
  const id = await writeTransaction(destination, beginning, async (session) => {
    await openJournal(session, destination, request);
    return await enter(session, destination, request);
  });
  return new Staging(destination, id);
}

async function openJournal(
  session: Session,
  { layout, pipeline }: Destination,
  { signal }: BeginRequest,
): Promise<void> {
  const request = { layout, pipeline, signal };
  await createState(session, layout, { signal });
  await makeJournal(session, request);
  for (const entry of await readEntries(session, request))
    if (entry.state === 'staging' || entry.state === 'staged')
      await dropKept(session, entry, { layout, pipeline, signal });
  await session.query(forgetOldEntries(layout), [pipeline], { signal });
}

async function enter(
  session: Session,
  { layout, pipeline }: Destination,
  { readAtMs, positions, signal }: BeginRequest,
): Promise<GenerationId> {
  const places = positions === null ? null : JSON.stringify(Object.fromEntries(positions));
  const values = [pipeline, Math.round(readAtMs), '[]', places];
  const { rows } = await session.query<{ id: string }>(addEntry(layout), values, { signal });
  return Number(rows[0]?.id);
}
