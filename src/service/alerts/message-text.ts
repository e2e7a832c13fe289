import type { AlertMessage } from '../../protocol/alerts.ts';

const headlines: Readonly<Record<AlertMessage['state'], string>> = {
  firing: 'firing',
  resolved: 'resolved',
  test: 'test',
};

/** `shop: lag: firing` */
export const headlineOf = ({ pipeline, alert, state }: AlertMessage): string =>
  state === 'test' ? 'Lockstep: test' : `${pipeline}: ${alert}: ${headlines[state]}`;

const moment = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;

/** The same for every target that takes plain text. */
export function linesOf(message: AlertMessage): readonly string[] {
  const { state, text, nextStep, runbook, severity, sinceMs, atMs, missed } = message;
  if (state === 'test') return [text, `Sent: ${moment(atMs)}`];
  return [
    state === 'resolved' ? `It is over. It was: ${text}` : text,
    `Severity: ${severity}`,
    `Since: ${moment(sinceMs)}`,
    ...(state === 'resolved' ? [`Until: ${moment(atMs)}`] : [`Next: ${nextStep}`]),
    `Runbook: ${runbook}`,
    ...(missed === 0 ? [] : [`${missed} earlier messages were dropped while this target was away.`]),
  ];
}

/** That a target can be reached is best seen by a message that says so. */
export const testMessage = (target: string, nowMs: number): AlertMessage => ({
  id: `test/${target}/${nowMs}`,
  pipeline: '',
  alert: 'test',
  state: 'test',
  severity: 'warning',
  text: `This is a test of the target ${target}. Nothing is wrong.`,
  nextStep: 'nothing has to be done',
  runbook: 'docs/operations/alerts.md',
  atMs: nowMs,
  sinceMs: nowMs,
  missed: 0,
});
