import { z } from 'zod';
import { alertRulesSchema } from '../../protocol/alerts.ts';
import { SecretText } from '../../protocol/secret.ts';

const text = z.string().min(1);
const secret = z.union([text, z.instanceof(SecretText)]);
const seconds = z.number().min(0.01).max(86_400);

const emailSchema = z.strictObject({
  kind: z.literal('email'),
  host: text,
  /** Default: 465 for `implicit`, else 587. */
  port: z.int().min(1).max(65_535).optional(),
  /** `starttls`: encrypted before anything is said, or not at all; `implicit`: from the first byte; `none`: only where the way is safe. */
  tls: z.enum(['starttls', 'implicit', 'none']).default('starttls'),
  /** PEM of the authorities to trust instead of those that Node knows. */
  ca: text.optional(),
  user: text.optional(),
  password: secret.optional(),
  from: text,
  to: z.array(text).min(1),
});

const slackSchema = z.strictObject({ kind: z.literal('slack'), url: secret });

const webhookSchema = z.strictObject({
  kind: z.literal('webhook'),
  url: secret,
  /** Signs the body: HMAC-SHA256 over its bytes. */
  secret: secret.optional(),
});

export const targetSchema = z.discriminatedUnion('kind', [emailSchema, slackSchema, webhookSchema]);

export const alertsSchema = z.strictObject({
  targets: z.record(text, targetSchema).default({}),
  rules: alertRulesSchema.prefault({}),
  /** An alert is resolved once it has been good for so long, so that what comes and goes is told once. */
  settleSeconds: z.number().min(0).max(86_400).default(120),
  lookEverySeconds: seconds.default(5),
  /** What a target may take for one message. */
  timeoutSeconds: seconds.default(10),
  /** Says texts and next steps as those who read them know them: a program of yours may have other commands than `lockstep`. */
  words: z
    .custom<(text: string) => string>((value) => typeof value === 'function', 'must be a function')
    .optional(),
  /** Between two attempts at a target that is away. */
  retry: z
    .strictObject({ initialSeconds: seconds.default(1), maxSeconds: seconds.default(300) })
    .prefault({}),
});
