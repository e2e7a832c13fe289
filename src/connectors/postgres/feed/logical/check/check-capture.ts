import { type LockstepError, toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { FeedRequest } from '../../../../../protocol/feed.ts';
import { type Finding, finding } from '../../../../../protocol/finding.ts';
import { captureFindings } from '../../../check/standby.ts';
import { formatName, quoteIdentifier } from '../../../names.ts';
import { connect } from '../../../session/connect.ts';
import type { Session } from '../../../session/session.ts';
import { type CapturedTable, readCapturedTables } from '../publication/captured-tables.ts';
import { planPublication, readPublication } from '../publication/plan-publication.ts';
import { wantedTables } from '../publication/wanted-tables.ts';
import type { CaptureSetup } from '../setup/capture-setup.ts';
import { publicationDenied, slotForeign } from '../setup/refusals.ts';
import { readSlotState } from '../slot/slot-state.ts';
import { readServerFacts, type ServerFacts } from './server-facts.ts';
import { captureFaults } from './table-faults.ts';

const source = 'source';

/** What would go wrong, or be lost, if these collections were captured. Changes nothing. */
export async function checkCapture(
  session: Session,
  setup: CaptureSetup,
  { collections, signal }: FeedRequest,
): Promise<Finding[]> {
  const standby = await captureFindings(session, { capture: 'logical', signal });
  if (standby.length > 0) return [...standby];
  const facts = await readServerFacts(session, { signal });
  const { slot } = await readSlotState(session, setup.names.slot, { signal });
  const foreign =
    slot !== null && !slot.isOurs ? [asFinding(slotForeign(setup.names.slot, slot), source)] : [];
  const { defaultSchema } = setup;
  const tables = await readCapturedTables(session, { collections, defaultSchema, signal });
  const faults = captureFaults(collections, tables, defaultSchema);
  return [
    ...serverFindings(facts, setup.user),
    ...(await reachFindings(session, setup, { signal })),
    ...(slot === null ? roomFindings(facts) : []),
    ...foreign,
    ...faults.map(({ collection, fault }) => asFinding(fault, collection.source)),
    ...partitionFindings([...tables.values()]),
    ...(await rightFindings(session, setup, { collections, tables, facts, signal })),
  ];
}

const asFinding = (error: LockstepError, subject: string): Finding => ({
  level: 'error',
  code: error.code,
  subject,
  message: error.message,
  cure: error.cure,
});

function serverFindings(facts: ServerFacts, user: string): Finding[] {
  const findings: Finding[] = [];
  const error = { level: 'error', subject: source } as const;
  if (facts.walLevel !== 'logical')
    findings.push(finding(error, 'postgres-wal-level', { level: facts.walLevel }));
  if (!facts.mayReplicate)
    findings.push(finding(error, 'postgres-replication-denied', { user, role: quoteIdentifier(user) }));
  if (facts.keepUnlimited)
    findings.push(finding({ level: 'warning', subject: source }, 'postgres-slot-unbounded', {}));
  return findings;
}

/** Behind a pooler: whether it passes the replication protocol on. */
async function reachFindings(
  session: Session,
  { pool }: CaptureSetup,
  { signal }: { readonly signal: AbortSignal },
): Promise<Finding[]> {
  if (!session.isPooled) return [];
  try {
    const { client } = await connect(pool.config, signal, 'replication');
    await client.end();
    return [];
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (error.code !== 'postgres-replication-pooled') throw error;
    return [asFinding(error, source)];
  }
}

/** Only while we have no slot of our own yet. */
function roomFindings({ slots, senders }: ServerFacts): Finding[] {
  const room = [
    { what: 'replication slots', setting: 'max_replication_slots', ...slots },
    { what: 'WAL senders', setting: 'max_wal_senders', ...senders },
  ];
  return room
    .filter(({ used, most }) => used >= most)
    .map((details) => finding({ level: 'error', subject: source }, 'postgres-slots-exhausted', details));
}

function partitionFindings(tables: readonly CapturedTable[]): Finding[] {
  return tables
    .filter(({ kind }) => kind === 'p')
    .map((table) => {
      const collection = formatName(table);
      return finding({ level: 'warning', subject: collection }, 'postgres-partitions-unheard', {
        collection,
      });
    });
}

interface RightsRequest {
  readonly collections: FeedRequest['collections'];
  readonly tables: ReadonlyMap<string, CapturedTable>;
  readonly facts: ServerFacts;
  readonly signal: AbortSignal;
}

/** Only where something must be made or altered: what an owner prepared needs no rights of ours. */
async function rightFindings(
  session: Session,
  setup: CaptureSetup,
  { collections, tables, facts, signal }: RightsRequest,
): Promise<Finding[]> {
  const name = setup.names.publication;
  const existing = await readPublication(session, name, { signal });
  const wanted = wantedTables(collections, tables, setup.defaultSchema);
  const statements = planPublication({
    name,
    pipeline: setup.pipeline,
    wanted,
    existing,
    version: session.serverVersion,
  });
  if (statements.length === 0) return [];
  const foreign = [...tables.values()].filter(({ owned }) => !owned);
  const mayAlter = existing === null ? facts.mayCreate : existing.owned;
  if (foreign.length === 0 && mayAlter) return [];
  return [asFinding(publicationDenied(setup.user, wanted, statements), source)];
}
