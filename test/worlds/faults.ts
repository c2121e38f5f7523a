import { type GraphQLSchema, isObjectType } from 'graphql';
import type { SourceFailure, SubgraphResponse } from '../../src/sources/source.ts';
import type { RecordedRequest } from './world.ts';

/** What goes wrong in a world, as a test scripts it. It stays until `world.heal()`. */
export type Fault =
  /** The subgraph cannot be reached, times out, or is refused. `when` narrows it to some requests. */
  | {
      kind: 'failure';
      subgraph: string;
      failure?: Partial<SourceFailure>;
      when?: (request: RecordedRequest) => boolean;
    }
  /** The subgraph answers this text instead of its result. */
  | { kind: 'answer'; subgraph: string; text: string; status?: number; when?: (request: RecordedRequest) => boolean }
  /** `_entities` has `null` for representations that contain all of `where`. */
  | { kind: 'null-entity'; subgraph: string; type: string; where?: Record<string, unknown> }
  /** The resolver of `Type.field` throws, for the objects for which `where` holds (all by default). */
  | { kind: 'field-error'; subgraph: string; field: string; message?: string; where?: (parent: unknown) => boolean };

/** The answer that a scripted transport fault gives to a request, if one applies. */
export function faultyAnswer(faults: readonly Fault[], request: RecordedRequest): SubgraphResponse | undefined {
  for (const fault of faults) {
    if (fault.kind !== 'failure' && fault.kind !== 'answer') continue;
    if (fault.subgraph !== request.subgraph || fault.when?.(request) === false) continue;
    if (fault.kind === 'answer') return { kind: 'text', text: fault.text, status: fault.status ?? 200 };
    const failure = {
      code: 'SUBREQUEST_HTTP_ERROR',
      message: `subgraph ${fault.subgraph} is down`,
      ...fault.failure,
    } as const;
    return { kind: 'failure', failure };
  }
  return undefined;
}

/** Wraps the resolvers of a subgraph's schema so that faults scripted later take effect in them. */
export function armResolvers(subgraph: string, schema: GraphQLSchema, faults: readonly Fault[]): void {
  const queryType = schema.getQueryType();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const resolve = field.resolve;
      field.resolve = (parent, args, context, info) => {
        throwScriptedError(faults, subgraph, coordinate, parent);
        if (resolve) return resolve(parent, args, context, info);
        const value = (parent as Record<string, unknown> | null)?.[field.name];
        return typeof value === 'function' ? value.call(parent, args, context, info) : value;
      };
    }
  }
  const entities = queryType?.getFields()._entities;
  const resolveEntities = entities?.resolve;
  if (!entities || !resolveEntities) return;
  entities.resolve = (parent, args, context, info) => {
    const found = resolveEntities(parent, args, context, info) as unknown[];
    const representations = args.representations as Record<string, unknown>[];
    return found.map((entity, index) =>
      isScriptedNull(faults, subgraph, representations[index] ?? {}) ? null : entity,
    );
  };
}

function throwScriptedError(faults: readonly Fault[], subgraph: string, coordinate: string, parent: unknown): void {
  for (const fault of faults) {
    if (fault.kind !== 'field-error' || fault.subgraph !== subgraph || fault.field !== coordinate) continue;
    if (fault.where?.(parent) !== false) throw new Error(fault.message ?? `${coordinate} failed`);
  }
}

function isScriptedNull(faults: readonly Fault[], subgraph: string, representation: Record<string, unknown>): boolean {
  return faults.some(
    (fault) =>
      fault.kind === 'null-entity' &&
      fault.subgraph === subgraph &&
      fault.type === representation.__typename &&
      Object.entries(fault.where ?? {}).every(([key, value]) => representation[key] === value),
  );
}
