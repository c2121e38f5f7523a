import { stitchingDirectives } from '@graphql-tools/stitching-directives';
import {
  buildASTSchema,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLField,
  type GraphQLInputType,
  getNullableType,
  isInputObjectType,
  isListType,
  isNonNullType,
  visit,
} from 'graphql';
import { directiveUse } from '../../services/arguments.ts';
import type { Lookup, Service } from '../../services/service.ts';
import { batchFieldName, KEYS_ARGUMENT } from './batch-fields.ts';
import { markLiterals, unmarkLiterals } from './exact-literals.ts';

/** How to look up objects of one type by many keys. */
export interface EntityMerge {
  readonly type: string;
  readonly lookup: Lookup;
  /** Fields that a representation must have. */
  readonly needs: readonly string[];
  /** The root field: the look-up itself, or the generated field that takes many keys. */
  readonly fieldName: string;
  keyOf(representation: unknown): unknown;
  argsFromKeys(keys: readonly unknown[]): Record<string, unknown>;
}

/** Not `@key`, which federation uses. */
const KEY = 'mergeKey';

/** Reads, by the stitching directives of every look-up, how keys of representations become its arguments. */
export function readMerges(service: Service): EntityMerge[] {
  const { stitchingDirectivesTransformer } = stitchingDirectives({ keyDirectiveName: KEY });
  return service.lookups.flatMap((lookup) => {
    const schema = buildASTSchema(markLookup(service, lookup), { assumeValidSDL: true });
    const { merge = {} } = stitchingDirectivesTransformer({ schema });
    const field = schema.getQueryType()?.getFields()[lookup.field];
    return lookup.types.flatMap((type) => {
      const found = merge[type];
      if (!field || !found) return [];
      const needs = lookup.keyFields.replace(/\{[^{}]*\}/g, '').match(/\w+/g) ?? [];
      const { key, argsFromKeys, args } = found;
      if (key && argsFromKeys) {
        const fitted = (keys: readonly unknown[]) => fitArguments(argsFromKeys(keys), field);
        return [{ type, lookup, needs, fieldName: lookup.field, keyOf: key, argsFromKeys: fitted }];
      }
      if (!args) return [];
      const keyOf = (representation: unknown) => fitArguments(args(representation), field);
      const many = (keys: readonly unknown[]) => ({ [KEYS_ARGUMENT]: keys });
      return [{ type, lookup, needs, fieldName: batchFieldName(lookup.field), keyOf, argsFromKeys: many }];
    });
  });
}

/** Returns the service's schema with the stitching directives of one look-up only, because each has its own key. */
function markLookup(service: Service, lookup: Lookup): DocumentNode {
  return visit(service.document, {
    ObjectTypeDefinition(node) {
      const name = node.name.value;
      if (name === 'Query') {
        const fields = node.fields?.map((field) =>
          field.name.value === lookup.field ? { ...field, directives: [mergeUse(lookup)] } : field,
        );
        return { ...node, fields };
      }
      if (!lookup.types.includes(name)) return undefined;
      const fields = `{ ${lookup.keyFields} ${service.computed.get(name) ?? ''} }`;
      return { ...node, directives: [directiveUse(KEY, { selectionSet: fields })] };
    },
  });
}

function mergeUse({ argsExpr, additionalArgs }: Lookup): ConstDirectiveNode {
  const written = markLiterals(argsExpr);
  if (additionalArgs === undefined) return directiveUse('merge', { argsExpr: written });
  return directiveUse('merge', { argsExpr: written, additionalArgs: markLiterals(additionalArgs) });
}

/** Removes fields that the input types do not have: a whole key also has a `__typename` and inputs of other fields. */
function fitArguments(values: Record<string, unknown>, field: GraphQLField<unknown, unknown>): Record<string, unknown> {
  const fitted: Record<string, unknown> = {};
  for (const { name, type } of field.args) {
    if (values[name] !== undefined) fitted[name] = fitInput(values[name], type);
  }
  return fitted;
}

function fitInput(value: unknown, type: GraphQLInputType): unknown {
  const nullable = isNonNullType(type) ? getNullableType(type) : type;
  if (isListType(nullable)) {
    return Array.isArray(value) ? value.map((item) => fitInput(item, nullable.ofType)) : unmarkLiterals(value);
  }
  if (!isInputObjectType(nullable) || typeof value !== 'object' || value === null) return unmarkLiterals(value);
  const fitted: Record<string, unknown> = {};
  for (const field of Object.values(nullable.getFields())) {
    const given = (value as Record<string, unknown>)[field.name];
    if (given !== undefined) fitted[field.name] = fitInput(given, field.type);
  }
  return fitted;
}
