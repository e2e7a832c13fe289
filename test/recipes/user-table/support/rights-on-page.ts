import { readFileSync } from 'node:fs';

/** Names of the operator's page, and what they are here. */
export interface Names {
  readonly user_sync: string;
  readonly owner_of_users?: string;
  readonly myusta_backend?: string;
  readonly myusta_chatapp?: string;
}

const page = readFileSync(new URL('../../../../docs/recipes/user-table.md', import.meta.url), 'utf8');

/** The statements of the page's section about the installation, by the database that they are for. */
export const rightsOnPage = { marketplace: statementsOf(1), chat: statementsOf(2) } as const;

/** A statement of the page, for the databases and roles of a test. */
export const withNames = (statement: string, names: Names): string =>
  Object.entries(names).reduce(
    (text, [word, name]) => text.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), `"${name}"`),
    statement,
  );

function statementsOf(step: number): readonly string[] {
  const [, text = ''] = new RegExp(`^${step}\\. [^]*?\`\`\`sql\n([^]*?)\`\`\``, 'm').exec(page) ?? [];
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
