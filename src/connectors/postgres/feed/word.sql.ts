import { qualified } from '../names.ts';

export const wordsTable = (schemaName: string): string =>
  qualified({ schema: schemaName, table: 'source_words' });

/** $1 the quoted name of the table. */
export const findWords = 'SELECT pg_catalog.to_regclass($1) IS NOT NULL AS present';

export const createWords = (schemaName: string): string => `
CREATE TABLE ${wordsTable(schemaName)} (
  pipeline text COLLATE "C" PRIMARY KEY,
  word     text NOT NULL,
  kept_at  timestamptz NOT NULL DEFAULT pg_catalog.now()
)`;

/** $1 pipeline, $2 word */
export const keepWord = (schemaName: string): string => `
INSERT INTO ${wordsTable(schemaName)} AS kept (pipeline, word) VALUES ($1, $2)
ON CONFLICT (pipeline) DO UPDATE SET word = EXCLUDED.word, kept_at = EXCLUDED.kept_at`;

/** $1 pipeline */
export const readWord = (schemaName: string): string =>
  `SELECT word FROM ${wordsTable(schemaName)} WHERE pipeline = $1`;

export const anyWord = (schemaName: string): string => `SELECT FROM ${wordsTable(schemaName)} LIMIT 1`;
