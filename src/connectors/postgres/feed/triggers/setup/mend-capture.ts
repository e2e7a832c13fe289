import { reach } from '../../../../../protocol/failpoints.ts';
import type { CollectionName } from '../../../../../protocol/names.ts';
import type { PreparedStep } from '../../../../../protocol/writer.ts';
import type { TableName } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import type { LogLayout } from '../log-layout.ts';
import { clockSeconds, register, setRegister } from '../register.sql.ts';
import { type Appearance, appearanceOf, type Difference, differencesBetween } from './appearance.ts';
import { type CaptureStep, captureSteps, type LogBounds } from './capture-steps.ts';
import { type Capture, readCaptures, saveCapture } from './captures.ts';
import { readTableFacts, type TableFacts } from './table-facts.ts';
import { truncations } from './truncations.ts';

export interface SetupContext {
  readonly layout: LogLayout;
  readonly bounds: LogBounds;
  readonly user: string;
}

export interface MendRequest {
  readonly source: CollectionName;
  readonly table: TableName;
  readonly columns: readonly string[];
}

export interface Mended {
  readonly steps: readonly PreparedStep[];
  readonly refused: readonly string[];
  readonly differences: readonly Difference[];
  /** Null: there is no such table, and there never was. */
  readonly capture: Capture | null;
}

interface Options {
  readonly signal: AbortSignal;
  /** Only says what would be done. */
  readonly dry?: boolean;
}

/** Longest wait for a lock on a table: our waiting holds up everybody behind us. */
export const lockPatience = `SET LOCAL lock_timeout = '1s'`;

/**
 * Brings one table's capture in order, inside a transaction: makes what is missing, and writes into the log, at this
 * very place, what happened to the table since we last looked. So that news is as durable as any change, is told behind all that was
 * logged before, and only once no older transaction is open.
 */
export async function mendCapture(
  session: Session,
  { context, request }: { readonly context: SetupContext; readonly request: MendRequest },
  options: Options,
): Promise<Mended> {
  const captures = await readCaptures(session, context.layout, options);
  const [facts = null] = await factsOf(session, { layout: context.layout, request }, options);
  const former = captures.findLast(({ source }) => source === request.source) ?? null;
  const work = { session, context, request, options };
  if (facts === null) return await noteAbsence(work, former);
  const fits =
    former?.active === true && former.relation === facts.oid && isSame(former.columns, request.columns);
  const differences =
    former === null ? [] : fits ? await news(work, { former, facts }) : [replaced(former, facts)];
  const number = fits ? former.capture : (captures.at(-1)?.capture ?? 0) + 1;
  const done = await carryOut(work, { facts, number });
  if (former !== null && done.opened && !differences.some(({ gap }) => gap))
    differences.push({ kind: 'shape', detail: 'changes were not logged until now', gap: true });
  differences.push(...(former === null ? [] : done.differences));
  const capture = {
    capture: number,
    source: request.source,
    relation: facts.oid,
    columns: request.columns,
    active: true,
    seen: JSON.stringify(appearanceOf(done.facts)),
  };
  const retired = fits || former === null ? [] : await retire(work, former);
  await save(work, { capture, differences });
  return { steps: [...retired, ...done.steps], refused: done.refused, differences, capture };
}

interface Work {
  readonly session: Session;
  readonly context: SetupContext;
  readonly request: MendRequest;
  readonly options: Options;
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.join('\0') === b.join('\0');

const factsOf = (
  session: Session,
  { layout, request }: { readonly layout: LogLayout; readonly request: MendRequest },
  options: Options,
): Promise<readonly (TableFacts | null)[]> =>
  readTableFacts(session, { layout, wanted: [{ ...request.table, oid: 0 }] }, options);

/** Its number changes: what is in the log under the old one can't be spelled in the new key, or was another table's. */
const replaced = (former: Capture, facts: TableFacts): Difference => ({
  kind: 'shape',
  detail:
    former.relation === facts.oid ? 'it is captured by other columns now' : 'it is another table than before',
  gap: true,
});

async function news(
  { session, context: { layout }, options }: Work,
  { former, facts }: { readonly former: Capture; readonly facts: TableFacts },
): Promise<Difference[]> {
  const before: Appearance = JSON.parse(former.seen);
  const now = appearanceOf(facts);
  if (former.seen === JSON.stringify(now)) return [];
  const truncated = await truncations(session, { layout, capture: former.capture }, options);
  return [...differencesBetween(before, now, (oid, filenode) => truncated.has(`${oid}/${filenode}`))];
}

interface Done {
  readonly steps: readonly CaptureStep[];
  readonly refused: readonly string[];
  /** What changed while we waited for locks. */
  readonly differences: readonly Difference[];
  readonly opened: boolean;
  readonly facts: TableFacts;
}

const enoughRounds = 10;

async function carryOut(
  { session, context, request, options }: Work,
  { facts, number }: { readonly facts: TableFacts; readonly number: number },
): Promise<Done> {
  const steps: CaptureStep[] = [];
  const differences: Difference[] = [];
  let current = facts;
  let refused: readonly string[] = [];
  for (let round = 0; round < enoughRounds; round += 1) {
    const next = captureSteps(current, { ...context, capture: number, columns: request.columns });
    refused = next.refused;
    steps.push(...next.steps);
    if (next.steps.length === 0 || options.dry === true) break;
    if (round === 0) reach('capture.make.before');
    for (const { statement } of next.steps) await session.execute(statement, options);
    const [after = null] = await factsOf(session, { layout: context.layout, request }, options);
    if (after === null) break;
    differences.push(...differencesBetween(bare(current), bare(after), () => false));
    current = after;
  }
  return { steps, refused, differences, opened: steps.some(({ opens }) => opens), facts: current };
}

const bare = (facts: TableFacts): Appearance => {
  const { functions: _, members, ...rest } = appearanceOf(facts);
  return { ...rest, functions: [], members: members.map((member) => ({ ...member, triggers: [] })) };
};

/** The table of that name is gone: dropped, or called otherwise. */
async function noteAbsence(work: Work, former: Capture | null): Promise<Mended> {
  const nothing = { steps: [], refused: [], differences: [], capture: former };
  if (former === null || !former.active) return nothing;
  const { session, context, options } = work;
  const wanted = [{ schema: '', table: '', oid: former.relation }];
  const [facts = null] = await readTableFacts(session, { layout: context.layout, wanted }, options);
  const name = facts === null ? null : appearanceOf(facts).name;
  const difference: Difference =
    name === null
      ? { kind: 'drop', detail: 'the table was dropped', gap: false }
      : { kind: 'rename', detail: `it is called ${name} now`, gap: false };
  const steps = await retire(work, former);
  await save(work, { capture: { ...former, active: false }, differences: [difference] });
  return { ...nothing, steps, differences: [difference] };
}

/** Its triggers go, its rows in the log stay readable. */
export async function retire(
  { session, context: { layout }, options }: Omit<Work, 'request'>,
  former: Capture,
): Promise<readonly PreparedStep[]> {
  if (!former.active) return [];
  const statement = `DROP FUNCTION IF EXISTS ${layout.captureFunction(former.capture)}() CASCADE`;
  if (options.dry !== true) {
    await session.execute(statement, options);
    await saveCapture(session, { layout, capture: { ...former, active: false } }, options);
  }
  return [{ what: `Drop the triggers that captured ${former.source}`, statement }];
}

async function save(
  { session, context: { layout }, options }: Work,
  { capture, differences }: { readonly capture: Capture; readonly differences: readonly Difference[] },
): Promise<void> {
  if (options.dry === true) return;
  await saveCapture(session, { layout, capture }, options);
  if (differences.length > 0) await session.query(beginAge(layout), undefined, options);
  for (const { kind, detail, gap } of differences) {
    await session.query(
      `INSERT INTO ${layout.log} (capture, op, key) VALUES ($1, 'w', $2)`,
      [capture.capture, [kind, detail, gap ? 'gap' : '']],
      options,
    );
  }
}

/** As the triggers do: the age of an empty log begins with its first row. */
const beginAge = ({ rows, lowRow, lowAt }: LogLayout): string =>
  `SELECT ${setRegister(lowAt, clockSeconds)} WHERE coalesce(${register(rows)}, 0) <= ${register(lowRow)}`;
