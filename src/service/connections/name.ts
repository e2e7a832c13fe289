import { pipelineNameSchema } from '../../protocol/schemas/names.ts';

/** What is wrong with the name of a connection, said without it; null: nothing. */
export function faultOfName(name: string): string | null {
  const parsed = pipelineNameSchema.safeParse(name);
  return parsed.success ? null : `its name ${parsed.error.issues.map(({ message }) => message).join('; ')}`;
}
