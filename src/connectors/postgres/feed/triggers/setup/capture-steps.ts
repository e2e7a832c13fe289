import { createHash } from 'node:crypto';
import type { PreparedStep } from '../../../../../protocol/writer.ts';
import { formatName, qualified, quoteIdentifier } from '../../../names.ts';
import type { LogLayout } from '../log-layout.ts';
import {
  captureFunction,
  type FunctionRequest,
  functionBody,
  type KeyColumn,
} from './capture-function.sql.ts';
import {
  type CaptureStyle,
  createTrigger,
  dropTrigger,
  enableAlways,
  eventsOf,
} from './capture-triggers.sql.ts';
import type { MemberFacts, TableFacts } from './table-facts.ts';

export interface LogBounds {
  readonly maxLogRows: number;
  readonly maxLogAgeMs: number;
}

export interface CaptureTarget {
  readonly layout: LogLayout;
  readonly capture: number;
  readonly columns: readonly string[];
  readonly bounds: LogBounds;
  /** The role that we are. */
  readonly user: string;
}

export interface CaptureStep extends PreparedStep {
  readonly statement: string;
  /** Changes before it were not logged. */
  readonly opens: boolean;
}

export interface CaptureSteps {
  readonly steps: readonly CaptureStep[];
  /** What somebody with more rights has to run first. */
  readonly refused: readonly string[];
}

const bySubscription = (facts: TableFacts): boolean => facts.members.some(({ subscribed }) => subscribed);

export const styleOf = (facts: TableFacts): CaptureStyle => (bySubscription(facts) ? 'row' : 'statement');

/** What the log holds of this table's rows; null: it lacks one of the columns, nothing can be logged. */
export function keyColumns(facts: TableFacts, columns: readonly string[]): readonly KeyColumn[] | null {
  const found = columns.flatMap((name) => facts.columns.filter((column) => column.name === name));
  return found.length === columns.length ? found.map(({ name, type }) => ({ name, type })) : null;
}

/** What is missing, or too much, for this table to be captured; nothing when all is as it should be. */
export function captureSteps(facts: TableFacts, target: CaptureTarget): CaptureSteps {
  const columns = keyColumns(facts, target.columns);
  // Its triggers would fail at every statement, and each of those would be a gap of everything.
  if (columns === null) return { steps: dropFunction(facts, target), refused: [] };
  const request = { ...target, ...target.bounds, columns };
  const members = facts.members
    .filter(({ kind }) => kind === 'r' || kind === 'p')
    .map((member) => memberSteps(member, { target, style: styleOf(facts) }));
  return {
    steps: [...functionSteps(facts, request), ...members.flatMap(({ steps }) => steps)],
    refused: members.flatMap(({ refused }) => refused),
  };
}

const functionName = ({ layout, capture }: Pick<CaptureTarget, 'layout' | 'capture'>): string =>
  layout.captureName(capture);

function functionSteps(facts: TableFacts, request: FunctionRequest): CaptureStep[] {
  const body = createHash('md5').update(functionBody(request)).digest('hex');
  const present = facts.functions.find(({ name }) => name === functionName(request));
  if (present?.body === body) return [];
  const name = `${request.layout.captureFunction(request.capture)}()`;
  return [
    step('Make the function of the triggers', captureFunction(request)),
    step('Let nobody else use it', `REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`),
  ];
}

function dropFunction(facts: TableFacts, target: CaptureTarget): CaptureStep[] {
  if (!facts.functions.some(({ name }) => name === functionName(target))) return [];
  const name = target.layout.captureFunction(target.capture);
  return [step('Drop triggers that lack a column of the key', `DROP FUNCTION IF EXISTS ${name}() CASCADE`)];
}

interface MemberRequest {
  readonly target: CaptureTarget;
  readonly style: CaptureStyle;
}

function memberSteps(member: MemberFacts, { target, style }: MemberRequest): CaptureSteps {
  const table = qualified(member);
  const place = { ...target, table };
  const events = eventsOf(style, member.kind);
  const steps: CaptureStep[] = [];
  const refused: string[] = [];
  for (const event of events) {
    const name = target.layout.triggerName(event);
    const present = member.triggers.find((trigger) => trigger.name === name);
    if (present !== undefined && present.function !== functionName(target)) steps.push(drop(member, name));
    const missing = present === undefined || present.function !== functionName(target);
    if (missing && !member.owned && !member.mayTrigger) {
      refused.push(`GRANT TRIGGER ON ${table} TO ${quoteIdentifier(target.user)};`);
      break;
    }
    if (missing)
      steps.push({
        ...step(`Capture ${event} of ${formatName(member)}`, createTrigger(place, event)),
        opens: true,
      });
    const enabled = missing ? 'O' : present.enabled;
    if (member.owned && (enabled === 'O' || enabled === 'R'))
      steps.push(step('Also for sessions in the role of a replica', enableAlways(place, event)));
  }
  const wanted = new Set(events.map((event) => target.layout.triggerName(event)));
  const extra = member.triggers.filter(({ name }) => !wanted.has(name) && member.owned);
  return { steps: [...steps, ...extra.map(({ name }) => drop(member, name))], refused };
}

const drop = (member: MemberFacts, trigger: string): CaptureStep =>
  step(`Drop a trigger of ${formatName(member)} that is not needed`, dropTrigger(qualified(member), trigger));

const step = (what: string, statement: string): CaptureStep => ({
  what,
  statement: statement.trim(),
  opens: false,
});

/** Makes triggers of ours that stayed at ORIGIN fire always: for the owner, where we are not. */
export function ownersStatements(facts: TableFacts, layout: LogLayout): readonly string[] {
  return facts.members.flatMap((member) =>
    member.owned
      ? []
      : eventsOf(styleOf(facts), member.kind)
          .filter(
            (event) =>
              !member.triggers.some(
                ({ name, enabled }) => name === layout.triggerName(event) && enabled === 'A',
              ),
          )
          .map((event) => `${enableAlways({ layout, capture: 0, table: qualified(member) }, event)};`),
  );
}
