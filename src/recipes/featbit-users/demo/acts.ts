import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import { eventually } from '../../demo/eventually.ts';
import { RunningCommand } from '../../demo/running-command.ts';
import { bitsaccoUser, deleteUsers, idOfNumber, insertUsers, updateUser } from './bitsacco.ts';
import type { Stage } from './stage.ts';

export interface Living {
  readonly stage: Stage;
  service: RunningCommand;
}

/** Something that happens; what is said of it once it has come to its end. */
export type Act = (living: Living) => Promise<string>;

export async function numberOf(
  database: MongodbDatabase,
  collection: string,
  filter: JsonDocument,
): Promise<number> {
  const pipeline = [{ $match: filter }, { $count: 'count' }];
  for await (const { count } of database.documents({ aggregate: collection, pipeline, cursor: {} }))
    return Number(count);
  return 0;
}

const uuid = (number: number): JsonDocument => ({ $uuid: idOfNumber(number) });

const signUp: Act = async ({ stage, service }) => {
  await insertUsers(stage.bitsacco, [bitsaccoUser(100_001)]);
  await service.says(`Added new user ${idOfNumber(100_001)} to FeatBit`);
  return 'somebody signs up at Bitsacco: a member and an end user of FeatBit';
};

const becomeAdmin: Act = async ({ stage }) => {
  await updateUser(stage.bitsacco, 1001, { roles: [1] });
  await eventually(
    'the policy is there',
    async () => (await numberOf(stage.featbit, 'MemberPolicies', { memberId: uuid(1001) })) === 1,
  );
  return 'somebody becomes Admin: the Administrator policy';
};

const leave: Act = async ({ stage, service }) => {
  await deleteUsers(stage.bitsacco, [1002]);
  await service.says(`Marked user ${idOfNumber(1002)} as deleted in FeatBit`);
  return 'somebody is deleted: marked in FeatBit, memberships removed';
};

const rewrite: Act = async ({ stage }) => {
  const { featbit } = stage;
  const unset = { $unset: { lockstep: '', bitsaccoUser: '' }, $set: { password: 'a hash' } };
  await featbit.command({ update: 'Users', updates: [{ q: { _id: uuid(1003) }, u: unset }] });
  await eventually(
    'the mark is back',
    async () =>
      (await numberOf(featbit, 'Users', { _id: uuid(1003), bitsaccoUser: true, password: 'a hash' })) === 1,
  );
  return 'FeatBit writes a user anew and drops our marks: they are back, and what FeatBit wrote stays';
};

const byHand: Act = async ({ stage, service }) => {
  const { featbit, bitsacco } = stage;
  const made = { name: 'By hand', email: '254700100002@bitsacco.com', password: 'a hash', origin: 'Local' };
  await featbit.command({ insert: 'Users', documents: [{ _id: uuid(900_000), ...made }] });
  await eventually('it was looked at', async () => {
    await deleteUsers(bitsacco, [100_002]);
    await insertUsers(bitsacco, [bitsaccoUser(100_002)]);
    return service.said(`User ${idOfNumber(100_002)} is left out`) > 0;
  });
  await deleteUsers(bitsacco, [100_002]);
  return 'a user made by hand has the e-mail of one who signs up: left alone, and the clash is told';
};

const killed: Act = async (living) => {
  const { stage } = living;
  living.service.signal('SIGKILL');
  await living.service.ended;
  await deleteUsers(stage.bitsacco, [1004, 1005]);
  await updateUser(stage.bitsacco, 1006, { 'profile.name': 'While it was down' });
  living.service = new RunningCommand(['featbit:sync'], stage);
  await living.service.says('FeatBit user sync service started successfully');
  await living.service.says(`Marked user ${idOfNumber(1005)} as deleted in FeatBit`);
  return 'kill -9, deletes and changes meanwhile, a new start: all found';
};

export const acts: readonly Act[] = [signUp, becomeAdmin, leave, rewrite, byHand, killed];
