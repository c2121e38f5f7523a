import { execute, parse } from 'graphql';
import { expandAll } from '../../../../src/connectors/expand-variables.ts';
import { readConnectors } from '../../../../src/connectors/read-connectors.ts';
import { createConnectorModel } from '../../../../src/connectors/resolvable-fields.ts';
import { NO_COMPRESSION } from '../../../../src/sources/body-encoding.ts';
import { createHttpPools } from '../../../../src/sources/http/http-pools.ts';
import { ApiTargets } from '../../../../src/sources/rest/api-target.ts';
import type { ApiLayer } from '../../../../src/sources/rest/api-transport.ts';
import { RestContext } from '../../../../src/sources/rest/rest-context.ts';
import { aClient, NO_LIMITS } from '../stub-api.ts';
import { buildExecutableSchema } from './graphql-js-schema.ts';

/** An error as sources report it. */
export interface ReportedError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions: unknown;
}

export interface FetchAnswer {
  readonly data?: unknown;
  readonly errors?: readonly ReportedError[] | undefined;
}

/** Answers a fetch as a REST source does, with graphql-js: one resolver for each field. The model of `compile-fetch.ts`. */
export async function modelFetch(
  sdl: string,
  layer: ApiLayer,
  query: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<FetchAnswer> {
  const read = readConnectors(parse(sdl), expandAll({}));
  const schema = buildExecutableSchema(createConnectorModel(read));
  const pools = createHttpPools();
  const targets = new ApiTargets({
    subgraph: 'shop',
    pools,
    settingsOf: () => NO_LIMITS,
    env: {},
    compression: NO_COMPRESSION,
    layer,
  });
  const runtime = { subgraph: 'shop', targets, timeoutMs: 100_000_000, forward: undefined };
  const contextValue = new RestContext(runtime, aClient(), true).begin({});
  const result = await execute({ schema, document: parse(query), variableValues: variables, contextValue });
  await targets.close();
  return {
    data: result.data,
    errors: result.errors?.map(({ message, path, extensions }) => {
      if (extensions.code !== undefined) return { message, path, extensions };
      // the message of graphql-js contains the whole value
      const shortened = message.replace(/^Expected value of type ("\w+").*$/s, 'Expected an object of type $1.');
      return {
        message: `The response of a REST API does not match the schema. ${shortened}`,
        path,
        extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', service: 'shop' },
      };
    }),
  };
}
