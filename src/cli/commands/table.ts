import type { Command } from '../command.ts';
import { alerts } from './alerts.ts';
import { approve } from './approve.ts';
import { check } from './check.ts';
import { connections } from './connections.ts';
import { deadLetters } from './dead-letters.ts';
import { demo } from './demo.ts';
import { generations } from './generations.ts';
import { init } from './init.ts';
import { pause, resume } from './pause.ts';
import { plan } from './plan.ts';
import { remove } from './remove.ts';
import { resync } from './resync.ts';
import { run } from './run.ts';
import { secrets } from './secrets.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { verify } from './verify.ts';

/** In the order in which somebody needs them. */
export const commands: readonly Command[] = [
  init,
  check,
  plan,
  run,
  start,
  status,
  verify,
  approve,
  deadLetters,
  generations,
  alerts,
  pause,
  resume,
  resync,
  secrets,
  connections,
  remove,
  demo,
];
