import { freePort } from '../../tools/servers/ports.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers/http-receiver.ts';
import { type SmtpServer, startSmtpServer } from '../support/receivers/smtp-server.ts';

/** What alerts are sent to, none of which takes any: a webhook that refuses, a chat that nobody answers for, mail with a wrong password. */
export interface Receivers extends AsyncDisposable {
  readonly webhook: HttpReceiver;
  readonly mail: SmtpServer;
  /** Of the chat. */
  readonly closedPort: number;
}

export async function openReceivers(): Promise<Receivers> {
  await using opened = new AsyncDisposableStack();
  const webhook = opened.use(await startHttpReceiver({ kind: 'answer', status: 403 }));
  const mail = opened.use(await startSmtpServer({ user: 'lockstep', password: 'another' }));
  const closedPort = await freePort();
  const kept = opened.move();
  return { webhook, mail, closedPort, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Two URLs whose paths are secrets, as such URLs are. */
export const urlsWith = (
  { webhook, closedPort }: Receivers,
  secrets: { readonly webhook: string; readonly slack: string },
): { readonly webhook: string; readonly slack: string } => ({
  webhook: new URL(`/hook/${encodeURIComponent(secrets.webhook)}`, webhook.url).href,
  slack: `http://127.0.0.1:${closedPort}/services/${encodeURIComponent(secrets.slack)}`,
});

/** The `alerts` of a configuration; addresses and the password come from its environment. */
export const alertsText = ({ mail }: Receivers, signing: string): string => `{
    targets: {
      webhook: { kind: 'webhook', url: env('WEBHOOK_URL'), secret: '${signing}' },
      slack: { kind: 'slack', url: file('slack-url') },
      email: { kind: 'email', host: '127.0.0.1', port: ${mail.port}, tls: 'none', user: 'lockstep', password: env('MAIL_PASSWORD'), from: 'lockstep@example.com', to: ['somebody@example.com'] },
    },
    lookEverySeconds: 0.1,
    timeoutSeconds: 3,
    retry: { initialSeconds: 0.1, maxSeconds: 1 },
  }`;

/** What the webhook got is on its way to somebody else. */
export const sentBy = ({ webhook }: Receivers): readonly string[] =>
  webhook.asked.flatMap(({ headers, bytes }) => [JSON.stringify(headers), bytes.toString()]);
