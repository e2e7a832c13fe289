/** Those of a case: what is worked with, commits whose latency is measured, and marks. */
export const collections = ['bench', 'bench_commits', 'bench_marker'] as const;
