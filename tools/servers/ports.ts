import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the range that the system hands to outgoing connections (from 32768 on Linux, 49152 on macOS): a
// server that restarts finds its port free again.
const lowest = 20_000;
const highest = 32_000;

/** A port of 127.0.0.1 that is free now. Whoever binds it must still be ready for "address already in use". */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${lowest} and ${highest} on 127.0.0.1`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
