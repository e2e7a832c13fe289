import type { CatalogueEntry } from '../../src/protocol/errors/entry.ts';
import { type ErrorClass, exitCodes } from '../../src/protocol/errors/error-class.ts';

export interface ErrorFamily {
  readonly title: string;
  readonly entries: Readonly<Record<string, CatalogueEntry>>;
}

const reactions: Readonly<Record<ErrorClass, string>> = {
  transient: 'it waits and tries again; nothing is set aside for it',
  deferred: 'the key is tried again after others, which may cure it',
  change: 'this key is set aside as a dead letter, all others go on',
  collection: 'this collection stops, others go on',
  pipeline: 'the pipeline stops',
  configuration: 'nothing was touched',
};

/** The page of all errors; each code is a heading, so that `errors.md#code` stays its address. */
export function errorsPage(families: readonly ErrorFamily[]): string {
  return [
    '<!-- Generated from src/protocol/errors by `npm run docs`; change it there. -->',
    '# Errors',
    '',
    'Every error has a code that never changes its meaning. `lockstep` prints the code, what happened, why, and what to do; ' +
      'with `--json` the same stands under `error`. Words in ‹marks› are filled in. What `check` only tells, and nothing fails with, has a level instead of a class.',
    '',
    '| class | what Lockstep does |',
    '|---|---|',
    ...Object.entries(reactions).map(([name, reaction]) => `| ${name} | ${reaction} |`),
    '',
    ...families.flatMap(familySection),
  ].join('\n');
}

const familySection = ({ title, entries }: ErrorFamily): readonly string[] => [
  `## ${title}`,
  '',
  ...Object.entries(entries).flatMap(([code, entry]) => entrySection(code, entry)),
];

const entrySection = (code: string, entry: CatalogueEntry): readonly string[] => [
  `### ${code}`,
  '',
  ...marked(entry.message)
    .split('\n')
    .map((line) => `> ${line}`),
  '',
  `- **Why** ${marked(entry.cause)}`,
  `- **Do** ${marked(entry.cure)}`,
  ...consequence(entry),
  '',
];

const consequence = (entry: CatalogueEntry): readonly string[] =>
  entry.level === undefined
    ? [`- **Class** ${entry.class}: ${reactions[entry.class]}`, `- **Exit code** ${exitCodes[entry.exit]}`]
    : [
        `- **Level** ${entry.level}: \`check\` says it; the pipeline runs all the same, and no exit code comes of it`,
      ];

const marked = (text: string): string => text.replace(/\{(\w+)\}/g, '‹$1›');
