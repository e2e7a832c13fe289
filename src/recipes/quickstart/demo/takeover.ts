import { setTimeout as pause } from 'node:timers/promises';
import type { StatusResult } from '../../../index.ts';
import type { RunningCommand } from '../../demo/running-command.ts';
import { lockstep } from './lockstep.ts';
import type { Stage } from './stage.ts';

/** As its log says it. */
const standingBy = '"msg":"standby: ';
/** A second engine takes the first for dead until a lease has passed, and says then that it stands by. */
const patienceMs = 30_000;

export interface TakeoverParts {
  readonly stage: Stage;
  readonly pipeline: string;
  readonly engine: RunningCommand;
  readonly standby: RunningCommand;
  /** Work that only whoever takes over can do; whether it was done. */
  readonly meanwhile: () => Promise<boolean>;
}

/** Kills the engine that owns the pipeline. Null: the other stood by, did what was to be done, and owns the pipeline now; else what was wrong. */
export async function takeOver(parts: TakeoverParts): Promise<string | null> {
  const { stage, pipeline, engine, standby, meanwhile } = parts;
  const stoodBy = await inTime(async () => standby.output.includes(standingBy));
  const before = await ownerOf(stage, pipeline);
  engine.signal('SIGKILL');
  await engine.ended;
  if (!stoodBy) return 'the second engine did not stand by';
  if (before === null) return 'nobody owned the pipeline before';
  if (!(await meanwhile())) return 'what came after the kill did not arrive';
  const isOther = async (): Promise<boolean> => {
    const owner = await ownerOf(stage, pipeline);
    return owner !== null && owner !== before;
  };
  return (await inTime(isOther)) ? null : 'the second engine does not own the pipeline';
}

/** From the control store, whatever process says so. */
async function ownerOf(stage: Stage, pipeline: string): Promise<string | null> {
  const [found] = await lockstep<readonly StatusResult[]>(['status', pipeline], stage, [0, 1, 2]);
  return found?.owner?.name ?? null;
}

async function inTime(condition: () => Promise<boolean>): Promise<boolean> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) return false;
    await pause(50);
  }
  return true;
}
