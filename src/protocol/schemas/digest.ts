import { z } from 'zod';
import type { Digest, DigestAgreement, HashedKey } from '../digest.ts';
import { count, keySchema } from './names.ts';

const hash = z.bigint();

export const digestSchema: z.ZodType<Digest> = z.strictObject({ rows: count, hash });

export const hashedKeySchema: z.ZodType<HashedKey> = z.strictObject({
  key: keySchema,
  hash,
  group: count.exactOptional(),
});

export const digestAgreementSchema: z.ZodType<DigestAgreement> = z.strictObject({
  dialect: z.string().min(1),
  groupsCost: z.boolean(),
  columns: z.array(
    z.strictObject({ name: z.string(), method: z.string().min(1), nullable: z.boolean().exactOptional() }),
  ),
});
