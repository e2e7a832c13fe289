import { setTimeout as delay } from 'node:timers/promises';
import type { StatusResult } from '../../service/results.ts';
import type { CommandContext } from '../command.ts';

const everyMs = 1_000;
/** Not on a terminal and not as JSON: whole texts, so less often. */
const textEveryMs = 10_000;

export interface Watched {
  readonly read: () => Promise<readonly StatusResult[]>;
  readonly text: (results: readonly StatusResult[]) => readonly string[];
  readonly json: (results: readonly StatusResult[]) => string;
}

/** Shows the status again and again until Ctrl-C; returns the last one. */
export async function watchStatus(
  { read, text, json }: Watched,
  { terminal, global, signal }: CommandContext,
): Promise<readonly StatusResult[]> {
  let results = await read();
  const isDrawn = terminal.interactive && !global.json;
  while (!signal.aborted) {
    if (isDrawn)
      terminal.showBlock(text(results).map((line) => line.slice(0, Math.max(1, terminal.columns - 1))));
    else for (const line of global.json ? [json(results)] : text(results)) terminal.out(line);
    if (!(await pause(global.json || isDrawn ? everyMs : textEveryMs, signal))) break;
    results = await read();
  }
  terminal.showBlock([]);
  return results;
}

async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch {
    // Only the signal ends it.
    return false;
  }
}
