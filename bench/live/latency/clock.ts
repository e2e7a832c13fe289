/** Milliseconds of the machine's monotonic clock, the same in all threads. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
