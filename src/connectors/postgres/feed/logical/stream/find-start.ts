import type { FeedCollection } from '../../../../../protocol/feed.ts';
import { formatName, parseName } from '../../../names.ts';
import { captureFaults } from '../check/table-faults.ts';
import type { Lsn } from '../lsn.ts';
import { type LogPosition, partsOfSource } from '../position.ts';
import { readCapturedTables } from '../publication/captured-tables.ts';
import { lacking } from '../publication/lacking.ts';
import { readPublication } from '../publication/plan-publication.ts';
import { wantedTables } from '../publication/wanted-tables.ts';
import { type CaptureSetup, slotPatienceMs } from '../setup/capture-setup.ts';
import { makeSlot, prepareCapture, removeSlot } from '../setup/prepare-capture.ts';
import { slotForeign, slotInUse } from '../setup/refusals.ts';
import { freeSlot } from '../slot/drop-slot.ts';
import { settle } from '../slot/settle.ts';
import { readSlotState, type SlotState } from '../slot/slot-state.ts';
import { judgeResume, readHistory, type TimelineSwitch, type Verdict } from './judge-resume.ts';
import type { ReplicationConnection } from './replication-connection.ts';

export interface StartRequest {
  readonly setup: CaptureSetup;
  readonly collections: readonly FeedCollection[];
  readonly connection: ReplicationConnection;
  readonly source: string;
  readonly resume: LogPosition | null;
  readonly signal: AbortSignal;
}

export interface Start {
  readonly lsn: Lsn;
  /** Why history between resume and it is missing; null: nothing is missing. */
  readonly gap: string | null;
}

/** Frees the slot, asks whether it still has what we need, and makes another where it has not. */
export async function findStart(request: StartRequest): Promise<Start> {
  const { setup, resume, source, signal } = request;
  let state = await freedSlot(setup, signal);
  const lost = await mendedPublication(request);
  if (lost !== null) state = await slotState(setup, signal);
  const history = await readTimelines(request);
  const judged = judgeResume({ resume, source, state, history });
  if (judged.kind === 'follow' && lost === null) return { lsn: judged.start, gap: null };
  const verdict: Exclude<Verdict, { kind: 'follow' }> =
    judged.kind === 'follow' ? { kind: 'skip', start: state.flush, reason: lost ?? '' } : judged;
  const lsn = verdict.kind === 'remake' ? await remade(state, request) : verdict.start;
  await setup.pool.use((session) => settle(session, { notice: setup.notice, signal }), { signal });
  return { lsn, gap: verdict.reason };
}

const slotState = ({ pool, names }: CaptureSetup, signal: AbortSignal): Promise<SlotState> =>
  pool.use((session) => readSlotState(session, names.slot, { signal }), { signal });

async function freedSlot(setup: CaptureSetup, signal: AbortSignal): Promise<SlotState> {
  const { slot, applicationName } = setup.names;
  const request = { slot, applicationName, patienceMs: slotPatienceMs, signal };
  const isFree = await setup.pool.use((session) => freeSlot(session, request), { signal });
  const state = await slotState(setup, signal);
  if (state.slot !== null && !state.slot.isOurs) throw slotForeign(slot, state.slot);
  if (!isFree) throw slotInUse(slot, state.slot?.activePid ?? null);
  return state;
}

/**
 * Preparing came before and published what is wanted; if something is lacking, somebody took it away since, and what it would have told
 * is missing. Collections whose tables can't be captured (any more) do not hold up the others. Null: all is there.
 */
async function mendedPublication({ setup, collections, signal }: StartRequest): Promise<string | null> {
  const { names, defaultSchema, pool } = setup;
  const found = await pool.use(
    async (session) => {
      const tables = await readCapturedTables(session, { collections, defaultSchema, signal });
      const faults = captureFaults(collections, tables, defaultSchema);
      const sound = collections.filter((each) => !faults.some(({ collection }) => collection === each));
      const nameOf = ({ source }: FeedCollection) => formatName(parseName(source, defaultSchema));
      const soundNames = new Set(sound.map(nameOf));
      const soundTables = new Map([...tables].filter(([name]) => soundNames.has(name)));
      const existing = await readPublication(session, names.publication, { signal });
      return { sound, lost: lacking(existing, wantedTables(sound, soundTables, defaultSchema), soundTables) };
    },
    { signal },
  );
  if (found.lost !== null) await prepareCapture(setup, { collections: found.sound, signal });
  return found.lost;
}

async function remade({ slot }: SlotState, { setup, signal }: StartRequest): Promise<Lsn> {
  if (slot !== null) await removeSlot(setup, signal);
  await makeSlot(setup, signal);
  const made = await slotState(setup, signal);
  return made.slot?.confirmed ?? made.flush;
}

/** Only asked for when the timeline is another one. */
async function readTimelines({ connection, resume, source }: StartRequest): Promise<TimelineSwitch[]> {
  const now = partsOfSource(source).timeline;
  const then = resume === null ? now : partsOfSource(resume.source).timeline;
  if (now === null || then === null || now <= then) return [];
  const [row] = await connection.command<{ content: unknown }>(`TIMELINE_HISTORY ${now}`);
  if (typeof row?.content !== 'string') throw new Error('the server gave no history of its timeline');
  return readHistory(row.content);
}
