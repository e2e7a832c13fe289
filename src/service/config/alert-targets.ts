import type { z } from 'zod';
import type { PipelineAlertsConfig } from '../../protocol/alerts.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import { SecretText } from '../../protocol/secret.ts';
import type { AlertTarget, EmailTarget } from '../alerts/target.ts';
import type { alertsSchema, targetSchema } from './alerts-schema.ts';
import type { Fault } from './fault.ts';
import type { ResolvedAlerts } from './resolved-config.ts';

type Written = z.output<typeof targetSchema>;
type Pipelines = Readonly<Record<string, { readonly alerts: PipelineAlertsConfig }>>;

/** The alerts of a configuration, and what a schema can't see: URLs that are none, targets that there are not. */
export function readAlerts(
  written: z.output<typeof alertsSchema>,
  pipelines: Pipelines,
): {
  readonly resolved: ResolvedAlerts;
  readonly faults: readonly Fault[];
  readonly secrets: readonly SecretText[];
} {
  const targets = Object.entries(written.targets).map(([name, each]) => [name, targetOf(each)] as const);
  const { rules, settleSeconds, lookEverySeconds, timeoutSeconds, retry, words = asTheyAre } = written;
  return {
    resolved: {
      targets: new Map(targets),
      rules,
      settleMs: settleSeconds * 1000,
      lookEveryMs: lookEverySeconds * 1000,
      timeoutMs: timeoutSeconds * 1000,
      words,
      retry: { initialDelayMs: retry.initialSeconds * 1000, maxDelayMs: retry.maxSeconds * 1000 },
    },
    faults: [
      ...targets.flatMap(([name, target]) => faultsOf(name, target)),
      ...unknownTargets(written, pipelines),
    ],
    secrets: targets.flatMap(([, target]) => urlSecrets(target)),
  };
}

const asTheyAre = (text: string): string => text;

const sealed = (text: string | SecretText): SecretText =>
  text instanceof SecretText ? text : new SecretText(text);

function targetOf(written: Written): AlertTarget {
  switch (written.kind) {
    case 'email':
      return emailOf(written);
    case 'slack':
      return { kind: 'slack', url: sealed(written.url) };
    case 'webhook':
      return {
        kind: 'webhook',
        url: sealed(written.url),
        secret: written.secret === undefined ? null : sealed(written.secret),
      };
  }
}

function emailOf(written: Written & { kind: 'email' }): EmailTarget {
  const { host, tls, ca = null, user, password, from, to } = written;
  const port = written.port ?? (tls === 'implicit' ? 465 : 587);
  const login = user === undefined ? null : { user, password: sealed(password ?? '') };
  return { kind: 'email', host, port, tls, ca, login, from, to };
}

function faultsOf(name: string, target: AlertTarget): readonly Fault[] {
  const path = ['alerts', 'targets', name];
  if (!/^[a-zA-Z0-9_-]{1,48}$/.test(name))
    return [{ path, message: 'must be named with 1 to 48 letters, digits, `-` or `_`' }];
  if (target.kind === 'email') return [];
  const url = URL.parse(target.url.reveal());
  const isWeb = url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  return isWeb
    ? []
    : [{ path: [...path, 'url'], message: 'must be a URL that begins with https:// or http://' }];
}

const unknownTargets = ({ targets }: z.output<typeof alertsSchema>, pipelines: Pipelines): readonly Fault[] =>
  Object.entries(pipelines).flatMap(([pipeline, { alerts }]) =>
    (alerts.targets ?? []).flatMap((name, index) =>
      Object.hasOwn(targets, name)
        ? []
        : [
            {
              path: ['pipelines', pipeline, 'alerts', 'targets', index],
              message: `is no target of \`alerts.targets\`${nearestHint(name, Object.keys(targets))}`,
            },
          ],
    ),
  );

/** Of a webhook the path is the secret, and an error may quote it without the host. */
function urlSecrets(target: AlertTarget): readonly SecretText[] {
  if (target.kind === 'email') return [];
  const url = URL.parse(target.url.reveal());
  return url === null || url.pathname.length < 8 ? [] : [new SecretText(url.pathname)];
}
