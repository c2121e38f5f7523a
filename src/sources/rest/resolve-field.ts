import type { Connector } from '../../connectors/connector.ts';
import { type EntityLookup, returnedFields } from '../../connectors/entity-lookups.ts';
import { mapLazily, mapResponse } from '../../connectors/mapping/evaluate.ts';
import { isObject, type Json, property, put } from '../../connectors/mapping/json.ts';
import type { ConnectorModel } from '../../connectors/resolvable-fields.ts';
import type { FetchRun } from './fetch-run.ts';
import { isNotFound } from './load-entities.ts';
import { addMissingFields, addMissingSubfields, type SelectedFields } from './missing-fields.ts';
import { RestError } from './rest-failure.ts';

/** Returns a field's value of an object. */
export type Resolve = (source: Json, run: FetchRun) => Json | Promise<Json>;

/** A field of a fetch, as its resolver sees it. */
export interface FieldUse {
  readonly name: string;
  /** The named type of the field. */
  readonly typeName: string;
  readonly isNonNull: boolean;
  readonly wanted: SelectedFields;
  /** Whether the long lists of its response may be mapped when they are completed. */
  readonly isLazy: boolean;
  /** Returns the field's arguments. Throws `GraphQLError`. */
  argsOf(run: FetchRun): Record<string, Json>;
}

/** Returns a resolver that reads a property. */
export function ownProperty(name: string): Resolve {
  return (source) => property(source, name);
}

/** Returns a resolver of an object that look-ups of the object around it complete. */
export function objectWithin(model: ConnectorModel, within: readonly EntityLookup[], use: FieldUse): Resolve {
  const { name: field, typeName, wanted } = use;
  return async (source, run) => {
    run.shared.looksUp = true;
    const { context } = run.shared;
    const value = await addMissingFields(model, context, typeName, property(source, field), wanted);
    return isObject(source) && isObject(value)
      ? addMissingSubfields(context, within, { source, field, value }, wanted(typeName))
      : value;
  };
}

/** Returns a resolver that runs the connectors of a field. Several connectors each return a part of an object. */
export function connectedField(connectors: readonly Connector[], use: FieldUse): Resolve {
  const provided = connectors.map((connector) => returnedFields(connector));
  const chosen = (): readonly Connector[] => {
    if (connectors.length === 1) return connectors;
    const names = use.wanted(use.typeName);
    // of several connectors, those that provide a selected field; if none does, the first
    const needed = connectors.filter((_, at) => names.some((name) => provided[at]?.has(name)));
    return needed.length > 0 ? needed : connectors.slice(0, 1);
  };
  return async (source, run) => {
    if (source !== undefined) run.shared.looksUp = true;
    const args = use.argsOf(run);
    const running = chosen().map((connector) => runFieldConnector(connector, use, { $args: args, $this: source }, run));
    const [value, ...more] = await Promise.all(running);
    if (more.length === 0 || !isObject(value)) return value;
    const whole: Record<string, Json> = {};
    for (const part of [...more, value])
      if (isObject(part)) for (const key of Object.keys(part)) put(whole, key, part[key]);
    return whole;
  };
}

async function runFieldConnector(
  connector: Connector,
  { isLazy, isNonNull }: FieldUse,
  variables: Readonly<Record<string, Json>>,
  run: FetchRun,
): Promise<Json> {
  try {
    return await run.shared.context.run(connector, variables, isLazy ? mapLazily : mapResponse);
  } catch (error) {
    const isNothing = (connector.entity && isNotFound(error)) || (error instanceof RestError && error.isNullReference);
    if (isNothing && !isNonNull) return null;
    throw error;
  }
}

/** Returns the resolver of `Query._entities`. */
export function entitiesField(model: ConnectorModel, { wanted, argsOf }: FieldUse): Resolve {
  return (_source, run) => {
    const representations = argsOf(run).representations as readonly Record<string, Json>[];
    return representations.map((representation) => {
      const { __typename: typeName } = representation;
      // fields beside the key come from `@requires`: they do not prove that the entity exists
      const entity = addMissingFields(model, run.shared.context, String(typeName), representation, wanted, true);
      if (!(entity instanceof Promise)) return entity;
      run.shared.looksUp = true;
      const named = entity.then((found) => {
        if (isObject(found)) found.__typename = typeName;
        return found;
      });
      // awaited when the list is completed; until then a rejection must not count as unhandled
      named.catch(() => undefined);
      return named;
    });
  };
}
