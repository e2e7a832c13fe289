import type {
  ConnectionList,
  ConnectionTest,
  ListedConnection,
  RemovedConnection,
  SavedConnection,
} from '../../service/connections/results.ts';
import { count, time } from './numbers.ts';
import { table } from './table.ts';

const columns = ['name', 'connector', 'address', 'key', 'stored', 'used by'].map((title) => ({ title }));

export function connectionListText({ connections }: ConnectionList): readonly string[] {
  if (connections.length === 0)
    return ['no connection is stored: `lockstep connections set NAME` stores one'];
  return table(columns, connections.map(rowOf));
}

const rowOf = (connection: ListedConnection): readonly string[] => [
  connection.name,
  connection.connector ?? '?',
  connection.address ?? withheldText(connection),
  connection.keyId ?? 'none',
  time(connection.savedAtMs),
  connection.usedBy.join(', ') || 'nobody',
];

function withheldText({ withheld }: ListedConnection): string {
  if (withheld === 'damaged') return 'damaged';
  return withheld === 'key-unknown' ? 'its key is not configured' : 'not a URL that is known here';
}

export const savedText = ({ name, address, keyId, replaced }: SavedConnection): readonly string[] => [
  `${name}: ${address}, sealed with key ${keyId}${replaced ? '; the former one is gone' : ''}`,
  ...(replaced ? ['Engines that run keep the former one until they are started again.'] : []),
  `In a configuration: url: stored('${name}')`,
];

export const testedText = ({ name, address, server, milliseconds }: ConnectionTest): readonly string[] => [
  `${name}: ${address} answers in ${count(milliseconds)} ms: ${server}`,
];

export const removedText = ({ name }: RemovedConnection): readonly string[] => [`${name}: removed`];
