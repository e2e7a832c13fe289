import { expect } from 'vitest';
import { type PostgresConfigInput, postgresConfigSchema } from '../../src/connectors/postgres/config.ts';
import { PostgresReader } from '../../src/connectors/postgres/reader/postgres-reader.ts';
import { SessionPool } from '../../src/connectors/postgres/session/pool.ts';
import type { ConnectorNotice } from '../../src/protocol/connector.ts';
import type { ErrorCode } from '../../src/protocol/errors/catalogue.ts';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import type { Selection } from '../../src/protocol/selection.ts';

/** A signal that is never aborted. */
export const never: AbortSignal = new AbortController().signal;

export interface PoolOptions extends Partial<PostgresConfigInput> {
  readonly notice?: (notice: ConnectorNotice) => void;
}

export function poolFor(url: string, { notice = () => undefined, ...config }: PoolOptions = {}): SessionPool {
  const parsed = postgresConfigSchema.parse({ connector: 'postgres', url, ...config });
  return new SessionPool(parsed, { size: 6, notice, role: 'source' });
}

export const readerFor = (url: string, options: PoolOptions = {}): PostgresReader =>
  new PostgresReader(poolFor(url, options), { oneMoment: true });

/** All named columns as they are. */
export const selecting = (...names: string[]): Selection => ({
  columns: names.map((name) => ({ name, from: { column: name }, as: null })),
  filter: null,
});

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The work fails with this code; the error is given back. */
export async function failure(work: Promise<unknown>, code: ErrorCode): Promise<LockstepError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof LockstepError)) throw error;
  expect(error.code, error.message).toBe(code);
  return error;
}
