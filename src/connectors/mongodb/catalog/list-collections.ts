import type { CollectionName } from '../../../protocol/names.ts';
import { ownerOf } from '../kept-names.ts';
import { ownedCollection } from '../names.ts';
import type { Deployment } from '../session/deployment.ts';

/** `*` any text, `?` one character. Patterns mean collections; a view must be named, and so must what is ours or the server's. */
export function listCollections(
  deployment: Deployment,
  pattern: string,
  options: { readonly signal: AbortSignal },
): Promise<readonly CollectionName[]> {
  return deployment.run(options, async (db) => {
    const all = await db.listCollections({}, { nameOnly: true, signal: options.signal }).toArray();
    if (all.some(({ name }) => name === pattern)) return [pattern];
    if (!/[*?]/.test(pattern)) return [];
    const expression = toExpression(pattern);
    return all
      .filter(
        ({ name, type }) => type === 'collection' && isOfUsers(deployment, name) && expression.test(name),
      )
      .map(({ name }) => name)
      .toSorted();
  });
}

const isOfUsers = ({ config }: Deployment, name: string): boolean =>
  !name.startsWith('system.') &&
  ![config.stateCollection, ownedCollection(config)].includes(name) &&
  ownerOf(name) === null;

function toExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, (sign) =>
    sign === '*' ? '.*' : sign === '?' ? '.' : `\\${sign}`,
  );
  return new RegExp(`^${source}$`, 's');
}
