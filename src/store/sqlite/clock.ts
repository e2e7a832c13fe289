/** The wall clock of the store's host, in milliseconds since 1970; injected so that tests can pass time. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
