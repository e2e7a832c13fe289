import type { RecipeCommandInput, RecipeCommandResult, StatusResult } from '../../../index.ts';
import { pipeline } from '../configuration.ts';
import { checkSetup } from './check-setup.ts';
import { looking, openService } from './command.ts';
import { removeIndex } from './status-index.ts';

/** What the engine that runs the pipeline, in whatever process, said last; nothing is run. */
export const status = looking(async (engine, input, { errors }) => {
  const [found] = await engine.status(pipeline, input);
  if (found === undefined) throw new Error('there is one pipeline');
  const openErrors = await errors.countOpen(input).catch(() => null);
  return {
    exit: exitOf(found),
    data: { result: { ...found, openErrors } },
    text: statusText(found, openErrors),
  };
});

function exitOf({ status: now, deadLetters, guards }: StatusResult): RecipeCommandResult['exit'] {
  if (now === 'failed') return 'failed';
  return deadLetters.some(({ count }) => count > 0) || guards.length > 0 ? 'pending' : 'ok';
}

function statusText(found: StatusResult, openErrors: number | null): readonly string[] {
  const { live, deadLetters, guards } = found;
  const letters = deadLetters.reduce((sum, { count }) => sum + count, 0);
  return [
    `${found.status}: ${found.reason}`,
    ...(found.nextStep === '' ? [] : [`next: ${found.nextStep}`]),
    `${found.source} → ${found.destination}`,
    ...(live?.lag === null || live?.lag === undefined ? [] : [`lag: ${lagText(live.lag)}`]),
    ...(live?.comparison?.last == null
      ? []
      : [`last pass ended ${new Date(live.comparison.last.endedAtMs).toISOString()}`]),
    `users that can’t be synchronised: ${letters}; leavings that wait: ${guards.length}; open rows of sync_errors: ${openErrors ?? 'not known'}`,
  ];
}

function lagText(lag: NonNullable<NonNullable<StatusResult['live']>['lag']>): string {
  switch (lag.kind) {
    case 'inStep':
      return 'none';
    case 'behind':
      return `${(lag.milliseconds / 1000).toFixed(1)} s`;
    case 'unknown':
      return `not known, at least ${(lag.atLeastMs / 1000).toFixed(1)} s`;
  }
}

/** What would go wrong; nothing is touched. */
export async function check(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  const { service } = openService(input);
  await using _service = service;
  const engine = await service.open({ kind: 'live' }, input);
  const [ofEngine] = await engine.check(pipeline, input);
  if (ofEngine === undefined) throw new Error('there is one pipeline');
  const ofSetup = await checkSetup(service, input);
  const result = {
    ...ofEngine,
    ok: ofEngine.ok && ofSetup.every(({ level }) => level !== 'error'),
    findings: [...ofEngine.findings, ...ofSetup],
  };
  const lines = result.findings.map(
    ({ level, code, message, cure }) => `${level} ${code}: ${message}\n    ${cure}`,
  );
  return {
    exit: result.ok ? 'ok' : 'configuration',
    data: { result },
    text: [...lines, result.ok ? 'It can be started.' : 'It can not be started yet.'],
  };
}

export const letters = looking(async (engine, input) => {
  const result = await engine.letters(pipeline, { ...input, limit: 100 });
  const lines = result.letters.map(({ key, code, message }) => `${key} ${code}: ${message}`);
  return {
    exit: result.letters.length === 0 ? 'ok' : 'pending',
    data: { result },
    text: lines.length === 0 ? ['Every user is synchronised.'] : lines,
  };
});

/** Asked of the service that runs; without one it happens at its next start. */
export const replay = looking(async (engine, input) => {
  const result = await engine.replay(pipeline, { signal: input.signal });
  return { exit: 'ok', data: { result }, text: [`replay: ${result.state}`] };
});

export const approve = looking(async (engine, input) => {
  const result = await engine.approve(pipeline, input);
  const text = result.approved.length === 0 ? 'Nothing waits.' : 'Approved: they leave with the next pass.';
  return { exit: 'ok', data: { result }, text: [text] };
});

/** Until `resume`, over restarts too: the marketplace keeps what changes meanwhile. */
export const pause = looking(async (engine, input) => {
  const result = await engine.pause(pipeline, input);
  const text = result.engineRuns
    ? 'Paused: the service stops within a second. Next: lockstep user-table resume'
    : 'Paused: the service will wait when it is started. Next: lockstep user-table resume';
  return { exit: 'ok', data: { result }, text: [text] };
});

export const resume = looking(async (engine, input) => {
  const result = await engine.resume(pipeline, input);
  const text = !result.wasPaused
    ? 'It was not paused.'
    : result.engineRuns
      ? 'It goes on.'
      : 'No longer paused; no service runs.';
  return { exit: 'ok', data: { result }, text: [text] };
});

/** Triggers, log, our own state and the index of `setup` go from both databases; users and sync_errors stay. */
export async function remove(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  const { service } = openService(input);
  await using _service = service;
  const engine = await service.open({ kind: 'live' }, input);
  const ofEngine = await engine.remove(pipeline, input);
  const ofIndex = await removeIndex(service.source, input);
  const result = {
    ...ofEngine,
    removed: [...ofEngine.removed, ...ofIndex.removed],
    left: [...ofEngine.left, ...ofIndex.left],
  };
  const lines = [...result.removed.map(({ what }) => what), ...result.left.map((each) => `left: ${each}`)];
  return { exit: result.left.length === 0 ? 'ok' : 'failed', data: { result }, text: lines };
}
