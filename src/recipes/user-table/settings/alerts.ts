import type { LockstepConfig, ReadVariables, VariableRelation } from '../../../index.ts';
import type { VariableName } from './variables.ts';

export type Alerts = NonNullable<LockstepConfig['alerts']>;
type Target = NonNullable<Alerts['targets']>[string];
type Read = ReadVariables<VariableName>;

/** Who is told what the engine's alerts find; nobody unless a variable names somebody. */
export function alertsOf(read: Read): Alerts {
  const targets = { slack: slackOf(read), webhook: webhookOf(read), email: emailOf(read) };
  const given = Object.entries(targets).flatMap(([name, target]) =>
    target === null ? [] : [[name, target]],
  );
  return { settleSeconds: read.number('ALERT_SETTLE_SECONDS'), targets: Object.fromEntries(given) };
}

function slackOf(read: Read): Target | null {
  const url = read.secret('ALERT_SLACK_URL');
  return url === null ? null : { kind: 'slack', url };
}

function webhookOf(read: Read): Target | null {
  const url = read.secret('ALERT_WEBHOOK_URL');
  const secret = read.secret('ALERT_WEBHOOK_SECRET');
  if (url === null) return null;
  return { kind: 'webhook', url, ...(secret === null ? {} : { secret }) };
}

const tlsKinds = ['starttls', 'implicit', 'none'] as const;

function emailOf(read: Read): Target | null {
  const host = read.text('ALERT_EMAIL_HOST');
  if (host === null) return null;
  const user = read.text('ALERT_EMAIL_USER');
  const password = read.secret('ALERT_EMAIL_PASSWORD');
  return {
    kind: 'email',
    host,
    port: read.number('ALERT_EMAIL_PORT'),
    tls: tlsKinds.find((kind) => kind === read.text('ALERT_EMAIL_TLS')) ?? 'starttls',
    from: read.text('ALERT_EMAIL_FROM') ?? '',
    to: [...read.list('ALERT_EMAIL_TO')],
    ...(user === null ? {} : { user }),
    ...(password === null ? {} : { password }),
  };
}

/** A target that is described by half. */
export const alertRelations: readonly VariableRelation<VariableName>[] = [
  needed('ALERT_EMAIL_FROM', 'ALERT_EMAIL_HOST'),
  needed('ALERT_EMAIL_TO', 'ALERT_EMAIL_HOST'),
  needed('ALERT_EMAIL_HOST', 'ALERT_EMAIL_FROM'),
  needed('ALERT_EMAIL_HOST', 'ALERT_EMAIL_TO'),
  needed('ALERT_EMAIL_USER', 'ALERT_EMAIL_PASSWORD'),
  needed('ALERT_EMAIL_PASSWORD', 'ALERT_EMAIL_USER'),
  needed('ALERT_WEBHOOK_URL', 'ALERT_WEBHOOK_SECRET'),
];

function needed(name: VariableName, other: VariableName): VariableRelation<VariableName> {
  return {
    of: [name, other],
    fault: ({ text }) =>
      text(other) !== null && text(name) === null ? `${name}: is needed with ${other}` : null,
  };
}
