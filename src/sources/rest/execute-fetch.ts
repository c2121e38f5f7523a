import { type GraphQLError, type GraphQLSchema, getVariableValues } from 'graphql';
import { type Json, put } from '../../connectors/mapping/json.ts';
import type { CompiledFetch } from './compile-fetch.ts';
import { type CompiledField, completeField, selectFields } from './complete-value.ts';
import { FetchRun } from './fetch-run.ts';
import type { RestContext } from './rest-context.ts';

/** The result of a fetch. `data` is missing when the variables are not valid. */
export interface FetchResult {
  readonly data?: Json;
  readonly errors: readonly GraphQLError[];
}

/** Executes a compiled fetch. Rejects with `WorkStopped`; every other error is that of a field. */
export async function executeFetch(
  schema: GraphQLSchema,
  { operation, fieldsFor }: CompiledFetch,
  variables: Readonly<Record<string, unknown>>,
  context: RestContext,
): Promise<FetchResult> {
  const definitions = operation.variableDefinitions ?? [];
  const values = getVariableValues(schema, definitions, variables, { maxErrors: 50 });
  if (values.errors !== undefined) return { errors: values.errors };
  const run = new FetchRun({ context, variables: values.coerced, errors: [], looksUp: false });
  let data: Json = null;
  try {
    const fields = fieldsFor(values.coerced);
    data =
      operation.operation === 'mutation'
        ? await inSequence(fields, run)
        : await selectFields(fields, undefined, run, 0);
  } catch (error) {
    // a root field that cannot be null is null
    run.caught(error, 0, false);
  }
  return { data, errors: run.shared.errors };
}

/** Executes mutations one after another. */
async function inSequence(fields: readonly CompiledField[], run: FetchRun): Promise<Json> {
  const data: Record<string, Json> = {};
  for (const field of fields) put(data, field.key, await completeField(field, undefined, run, 0));
  return data;
}
