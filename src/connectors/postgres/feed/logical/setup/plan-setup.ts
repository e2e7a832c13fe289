import type { FeedRequest } from '../../../../../protocol/feed.ts';
import type { PreparedStep } from '../../../../../protocol/writer.ts';
import { quoteLiteral } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import { captureFaults } from '../check/table-faults.ts';
import { readCapturedTables } from '../publication/captured-tables.ts';
import { type PlannedStatement, planPublication, readPublication } from '../publication/plan-publication.ts';
import { type PublishedTable, wantedTables } from '../publication/wanted-tables.ts';
import { createSlotStatement } from '../slot/create-slot.ts';
import { readSlotState } from '../slot/slot-state.ts';
import type { CaptureSetup } from './capture-setup.ts';
import { slotForeign } from './refusals.ts';

/** What is missing at the source, in the order in which it is made. */
export interface SetupPlan {
  /**
   * There is a slot and no publication: what happened since it went was published nowhere, and the server could not even read on from
   * there. The slot goes first, so that whoever dies in between leaves a gap that is noticed.
   */
  readonly dropsSlot: boolean;
  readonly publication: readonly PlannedStatement[];
  readonly tables: readonly PublishedTable[];
  readonly makesSlot: boolean;
  readonly steps: readonly PreparedStep[];
}

/** Throws what forbids it: a table that would refuse the application's writes once it is published, a slot of somebody else's. */
export async function planSetup(
  session: Session,
  setup: CaptureSetup,
  { collections, signal }: FeedRequest,
): Promise<SetupPlan> {
  const { names, defaultSchema, pipeline } = setup;
  const tables = await readCapturedTables(session, { collections, defaultSchema, signal });
  const [first] = captureFaults(collections, tables, defaultSchema);
  if (first !== undefined) throw first.fault;
  const { slot } = await readSlotState(session, names.slot, { signal });
  if (slot !== null && !slot.isOurs) throw slotForeign(names.slot, slot);
  const existing = await readPublication(session, names.publication, { signal });
  const wanted = wantedTables(collections, tables, defaultSchema);
  const plan = {
    dropsSlot: slot !== null && existing === null,
    publication: planPublication({
      name: names.publication,
      pipeline,
      wanted,
      existing,
      version: session.serverVersion,
    }),
    tables: wanted,
    makesSlot: slot === null || existing === null,
  };
  return { ...plan, steps: stepsOf(plan, setup, session.serverVersion) };
}

function stepsOf(
  { dropsSlot, publication, makesSlot }: Omit<SetupPlan, 'steps'>,
  { names, capture }: CaptureSetup,
  version: number,
): PreparedStep[] {
  const drop = {
    what: `drop the slot ${names.slot}, whose publication is gone`,
    statement: `SELECT pg_catalog.pg_drop_replication_slot(${quoteLiteral(names.slot)})`,
  };
  const make = {
    what: `make the slot ${names.slot}`,
    statement: createSlotStatement(names.slot, { failover: capture.failover, version }),
  };
  return [...(dropsSlot ? [drop] : []), ...publication, ...(makesSlot ? [make] : [])];
}
