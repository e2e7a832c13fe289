import type { Chunk } from '../../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { quoteLiteral } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import { fillTarget } from '../../stage/fill-stage.ts';
import type { StateLayout } from '../../state/state-layout.ts';
import type { Member } from '../member.ts';
import { Appearance, obstaclesOf, ownedSequencesOf } from './appearance.ts';
import { alignSequences, createLike, type Dressing, dress, strangersOf } from './build.sql.ts';
import type { SwapRecord } from './record.ts';

export interface BuildRequest {
  readonly member: Member;
  readonly layout: StateLayout;
  readonly chunks: AsyncIterable<Chunk>;
  readonly signal: AbortSignal;
}

/**
 * Makes a table that looks like the target in every way, with other rows: filled first, then its keys and indexes are built. In one transaction,
 * in which rows can be frozen: readers whose snapshots are older than the swap must see them too. What could not be brought along is an error.
 */
export async function buildSwap(
  session: Session,
  { member, layout, chunks, signal }: BuildRequest,
): Promise<SwapRecord> {
  const { model, kept, journal } = member;
  const options = { signal, collection: model.collection };
  const refused = [
    ...(model.scope.kind === 'all' ? [] : ['rows of others may be in it (`scope`)']),
    ...(await obstaclesOf(session, journal.oid, signal)),
  ];
  if (refused.length > 0) throw swapRefused(model.collection, refused);
  const looks = await Appearance.of(session, journal.oid, signal);
  const staged = kept.rows.sql;
  await session.execute(`DROP TABLE IF EXISTS ${staged}`, options);
  await session.execute(createLike(model.sql, staged, looks.table), options);
  await fillTarget(session, { model: { ...model, sql: staged }, chunks, signal, freeze: true });
  const oid = await oidOf(session, staged, signal);
  const bare = await Appearance.of(session, oid, signal);
  for (const statement of alignSequences(looks, bare, layout.schema))
    await session.execute(statement, options);
  const names = namesFor(looks, journal.tables);
  await undress(session, { staged, oid, signal });
  for (const statement of dress(looks, { staged, schema: layout.schema, nameOf: names.staged }))
    await session.execute(statement, options);
  await session.execute(`ANALYZE ${staged}`, options);
  const made = await Appearance.of(session, oid, signal);
  const record = {
    oid,
    names: names.all(made),
    sequences: await ownedSequencesOf(session, journal.oid, signal),
  };
  const back = new Map(record.names.map((each) => [each.staged, each.name]));
  const lost = looks.differences(made.renamed(back));
  if (lost.length > 0)
    throw swapRefused(
      model.collection,
      lost.map((what) => `${what} can’t be made like it`),
    );
  return { ...record, looks: [...looks.toJson()], sequences: [...record.sequences] };
}

export const swapRefused = (collection: string, reasons: readonly string[]): LockstepError =>
  new LockstepError('swap-refused', { collection, detail: reasons.join('; ') });

export async function oidOf(session: Session, table: string, signal: AbortSignal): Promise<number> {
  const statement = `SELECT ${quoteLiteral(table)}::regclass::oid::int8::text AS oid`;
  return Number((await session.query<{ oid: string }>(statement, undefined, { signal })).rows[0]?.oid);
}

/** Default rights are the schema's, which is ours: the target's are granted afterwards. */
async function undress(
  session: Session,
  { staged, oid, signal }: Pick<Dressing, 'staged'> & { readonly oid: number; readonly signal: AbortSignal },
): Promise<void> {
  const { rows } = await session.query<{ role: string }>(strangersOf, [oid], { signal });
  for (const { role } of rows)
    await session.execute(`REVOKE ALL ON TABLE ${staged} FROM ${role}`, { signal });
}

interface Names {
  readonly staged: (name: string) => string;
  readonly all: (made: Appearance) => SwapRecord['names'];
}

/** Short names of our own for what can't be called alike in one schema. */
function namesFor(
  looks: Appearance,
  { rows, gone }: { readonly rows: string; readonly gone: string },
): Names {
  const given = [
    ...looks.all('index').map(({ name }) => ({ kind: 'index' as const, name })),
    ...looks.all('statistics').map(({ name }) => ({ kind: 'statistics' as const, name })),
  ].map((each, place) => ({ ...each, staged: `${rows}_${place}`, former: `${gone}_${place}` }));
  const staged = new Map(given.map((each) => [each.name, each.staged]));
  return {
    staged: (name) => staged.get(name) ?? name,
    all: (made) => {
      const sequences = looks.all('sequence').map(({ name, fact }, place) => {
        const own = made.all('sequence').find((each) => each.fact.column === fact.column);
        return { kind: 'sequence' as const, name, staged: own?.name ?? name, former: `${gone}_s${place}` };
      });
      return [...given, ...sequences];
    },
  };
}
