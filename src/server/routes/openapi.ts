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
    paths: pathsOf(routes),
  };
}

function pathsOf(routes: readonly Route[]): object {
  const byPath = Map.groupBy(routes, ({ path }) => openPath(path));
  const operations = (same: readonly Route[]) =>
    Object.fromEntries(same.map((route) => [route.method ?? 'get', operationOf(route)]));
  return Object.fromEntries([...byPath].map(([path, same]) => [path, operations(same)]));
}

function operationOf({ path, summary, body, answers }: Route): object {
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: { 'application/json': { schema: body } } } }),
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
