import type { PreparedStep } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import { neededState } from './create-state.ts';
import type { StateLayout } from './state-layout.ts';

/** What `attach` would make. */
export async function previewState(
  session: Session,
  layout: StateLayout,
  options: { readonly signal: AbortSignal },
): Promise<readonly PreparedStep[]> {
  const statements = await neededState(session, layout, options);
  return statements.map((statement) => ({
    what: `Make our own state in the schema ${layout.schema}`,
    statement: statement.trim(),
  }));
}
