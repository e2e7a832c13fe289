import { flag, list, number, object, one, orNull, type Schema, text } from './schemas.ts';

const unopened = {
  unopened: number,
  samples: list(
    object({
      pipeline: orNull(text),
      letter: orNull(number),
      connection: orNull(text),
      reason: one('key-unknown', 'damaged'),
      keyId: orNull(text),
    }),
  ),
};

/** `SecretsResult` as JSON Schema. A test holds these against real answers. */
export const secretsSchema: Schema = object({
  keys: list(
    object({
      id: text,
      writes: flag,
      configured: flag,
      sealed: list(object({ pipeline: text, letters: number })),
      connections: list(text),
    }),
  ),
  references: list(
    object({
      where: text,
      name: text,
      from: one('environment', 'env file', 'configuration', 'default', 'nowhere'),
      file: orNull(text),
    }),
  ),
});

export const verificationSchema: Schema = object({ opened: number, ...unopened });

export const rotationSchema: Schema = object({
  keyId: text,
  resealed: number,
  current: number,
  overtaken: number,
  ...unopened,
});
