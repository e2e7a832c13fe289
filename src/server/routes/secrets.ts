import { jsonOrProblem } from './json-or-problem.ts';
import type { Route } from './route.ts';
import { rotationSchema, secretsSchema, verificationSchema } from './secrets-schema.ts';

const path = '/api/v1/secrets';

export const secrets: Route = {
  path,
  summary: 'Ids of the keys, how much each has sealed, and which variables were found; never a value.',
  answers: jsonOrProblem('As `lockstep secrets list --json` has it.', secretsSchema),
  async answer(context, parts) {
    return context.json(await parts.engine.secrets.list({ signal: context.req.raw.signal }));
  },
};

export const verifySecrets: Route = {
  method: 'post',
  path: `${path}/verify`,
  summary: 'Opens all that is sealed and tells what no key opens; changes nothing.',
  answers: jsonOrProblem('As `lockstep secrets verify --json` has it.', verificationSchema),
  async answer(context, parts) {
    return context.json(await parts.engine.secrets.verify({ signal: context.req.raw.signal }));
  },
};

export const rotateSecrets: Route = {
  method: 'post',
  path: `${path}/rotate`,
  summary: 'Seals all anew with the newest key; answers when it is done.',
  answers: jsonOrProblem('As `lockstep secrets rotate --json` has it.', rotationSchema),
  async answer(context, parts) {
    return context.json(await parts.engine.secrets.rotate({ signal: context.req.raw.signal }));
  },
};
