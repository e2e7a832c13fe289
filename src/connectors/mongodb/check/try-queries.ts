import type { Document } from 'mongodb';
import { toError } from '../../../protocol/errors/lockstep-error.ts';
import { type Finding, finding } from '../../../protocol/finding.ts';
import type { Update } from '../query.ts';
import type { Deployment } from '../session/deployment.ts';
import type { TargetModel } from '../writer/model.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** Lets the server plan what the configuration says in its language: nothing is read or written, and a mistake shows before anything is. */
export async function tryQueries(
  deployment: Deployment,
  model: TargetModel,
  { signal }: SignalOption,
): Promise<readonly Finding[]> {
  const { collection } = model;
  const findings: Finding[] = [];
  for (const [what, command] of commandsOf(model)) {
    const detail = await refusal(deployment, { command, collection, signal });
    if (detail === null) continue;
    const details = { collection, what, detail };
    findings.push(finding({ level: 'error', subject: collection }, 'mongodb-expression-invalid', details));
  }
  return findings;
}

function commandsOf(model: TargetModel): readonly (readonly [what: string, command: Document])[] {
  const { collection, scope, absent, owned, mark, clear } = model;
  const query = (filter: Document | null | undefined): Document | null =>
    filter ? { find: collection, filter } : null;
  const update = (u: Update | null): Document | null =>
    u === null ? null : { update: collection, updates: [{ q: nobody, u }] };
  const commands = [
    ['`scope.where`', query(scope)],
    ['`scope.adopt`', query(owned?.adopt)],
    // As it is sent: not every query may be turned round.
    ['what is absent by `leaving`', query(absent && { $nor: [absent] })],
    ['what `leaving` does', update(mark)],
    ['`clear` of `leaving`', update(clear)],
  ] as const;
  return commands.flatMap(([what, command]) => (command === null ? [] : [[what, command] as const]));
}

/** No document has such an `_id`, and the server need not look for one. */
const nobody: Document = { _id: { $in: [] } };

async function refusal(
  deployment: Deployment,
  { command, ...options }: SignalOption & { readonly command: Document; readonly collection: string },
): Promise<string | null> {
  try {
    await deployment.db.command({ explain: command, verbosity: 'queryPlanner' }, { signal: options.signal });
    return null;
  } catch (thrown) {
    const error = deployment.explain(thrown, options);
    if (error.code !== 'internal') throw error;
    return toError(thrown).message;
  }
}
