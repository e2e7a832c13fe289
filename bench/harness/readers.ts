import pg from 'pg';

/** Asks the same over and over on a connection of its own, until the longest answer is asked for. */
export async function watchReaders(
  url: string,
  query: string,
): Promise<{ readonly longestMs: () => Promise<number> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let isDone = false;
  let longest = 0;
  const reading = (async () => {
    while (!isDone) {
      const askedAt = performance.now();
      await client.query(query);
      longest = Math.max(longest, performance.now() - askedAt);
      // Not to compete for the processor with those who are measured.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    longestMs: async () => {
      isDone = true;
      await reading;
      await client.end();
      return longest;
    },
  };
}
