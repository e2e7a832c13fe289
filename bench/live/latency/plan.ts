/** Commits at a steady pace: `writers` take turns, each commits its rows one after the other. */
export interface CommitPlan {
  readonly url: string;
  readonly writers: number;
  readonly perWriter: number;
  /** Between two commits of one writer. */
  readonly intervalMs: number;
}

export const commitTable = `CREATE TABLE bench_commits (writer int, n int, note text, PRIMARY KEY (writer, n))`;
