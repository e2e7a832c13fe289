import type { Answer, Route } from './route.ts';

/** The description of the API, made from the routes themselves. */
export function openapiRoute(described: readonly Route[]): Route {
  const route: Route = {
    path: '/api/v1/openapi.json',
    summary: 'This description.',
    answers: { 200: { description: 'OpenAPI 3.1.', type: 'application/json' } },
    answer: (context) => context.json(descriptionOf([...described, route])),
  };
  return route;
}

function descriptionOf(routes: readonly Route[]): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Lockstep', version: '1' },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths: Object.fromEntries(
      routes.map((route) => [openPath(route.path), { [route.method ?? 'get']: operationOf(route) }]),
    ),
  };
}

function operationOf({ path, summary, answers }: Route): object {
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    security: path === '/healthz' ? [] : [{ token: [] }, {}],
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)]),
    ),
  };
}

const responseOf = ({ description, type, schema }: Answer): object => ({
  description,
  content: { [type]: schema === undefined ? {} : { schema } },
});

const openPath = (path: string): string => path.replace(/:(\w+)/g, '{$1}');
