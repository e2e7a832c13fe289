import {
  exitOfFailures,
  type RecipeCommandInput,
  type RecipeCommandResult,
  type VerifiedCollection,
  type VerifyResult,
} from '../../../index.ts';
import { pipeline } from '../configuration.ts';
import { openService } from './command.ts';

/** The service: all users, then live. */
export async function sync(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using service = openService(input, { logsTo: input.out });
  const result = await service.run(input);
  const { failure } = result;
  return {
    exit: result.ended === 'failed' ? 'failed' : 'ok',
    data: { result },
    text: failure === null ? [] : [failure.message, failure.cure],
  };
}

/** One complete pass: by the service if one runs, else here. */
export async function seed(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using service = openService(input);
  const opened = await service.open(input);
  await service.prepare(opened, input);
  input.message('Starting full user synchronization...');
  input.message(`Found ${await service.countUsers(input)} users to synchronize`);
  const result = await opened.engine.verify(pipeline, { repair: true, signal: input.signal });
  if (result.equal) input.message('Full user synchronization completed');
  return {
    exit: exitOfFailures(result.failures, result.equal ? 'ok' : 'pending'),
    data: { result },
    text: textOf(result),
  };
}

const textOf = ({ equal, collections, failures }: VerifyResult): readonly string[] => [
  equal ? 'every user is in FeatBit as it should be' : 'NOT in step',
  ...collections.map(lineOf),
  ...failures.map(
    ({ collection, code, message, cure }) =>
      `${collection}: could not be compared: ${code}: ${message}\n    ${cure}`,
  ),
];

const lineOf = ({
  collection,
  sourceRows,
  targetRows,
  missing,
  extra,
  different,
}: VerifiedCollection): string =>
  `${collection}: ${targetRows} of ${sourceRows} users${missing + extra + different === 0 ? '' : `; missing ${missing}, extra ${extra}, different ${different}`}`;
