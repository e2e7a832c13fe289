import type { Command } from '../command.ts';
import { approve } from './approve.ts';
import { check } from './check.ts';
import { demo } from './demo.ts';
import { init } from './init.ts';
import { plan } from './plan.ts';
import { remove } from './remove.ts';
import { run } from './run.ts';
import { status } from './status.ts';
import { verify } from './verify.ts';

/** In the order in which somebody needs them. */
export const commands: readonly Command[] = [init, check, plan, run, status, verify, approve, remove, demo];
