import type pg from 'pg';

export interface Watched {
  /** Each answer that was another one than the last. */
  readonly seen: readonly string[];
  /** Throws what the reader died of. */
  stop(): Promise<void>;
}

/** Asks the same again and again at full speed, as a reader of the target does; `sql` answers with one text, `said`. */
export async function watchAnswers(target: { connect(): Promise<pg.Client> }, sql: string): Promise<Watched> {
  const reader = await target.connect();
  const seen: string[] = [];
  let isOver = false;
  const reading = (async () => {
    while (!isOver) {
      const { rows } = await reader.query<{ said: string | null }>(sql);
      const said = rows[0]?.said ?? 'nothing';
      if (seen.at(-1) !== said) seen.push(said);
    }
  })();
  // Seen by whoever stops it.
  reading.catch(() => undefined);
  return {
    seen,
    stop: async () => {
      isOver = true;
      await reading;
      await reader.end();
    },
  };
}
