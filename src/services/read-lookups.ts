import {
  type ConstDirectiveNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isInputObjectType,
  isListType,
  isObjectType,
  isRequiredArgument,
  type SelectionSetNode,
} from 'graphql';
import { argumentOf, stringOf, stringsOf, useOf, usesOf } from './arguments.ts';
import { checkExpressions } from './check-expression.ts';
import { checkKeyArgument, type KeyArgument, keyArgumentOf } from './key-argument.ts';
import { keyFieldsOf, leafPaths, wrongPath } from './key-shape.ts';
import { type Mistake, mistake } from './mistake.ts';

/** A look-up in the service's own names. */
export interface ReadLookup {
  readonly field: string;
  readonly node: ConstDirectiveNode;
  readonly types: readonly string[];
  readonly abstract: boolean;
  readonly list: boolean;
  readonly keyPaths: readonly (readonly string[])[];
  /** The key goes out as an object, so that fields for `@computed` can be in it. */
  readonly objectKey: boolean;
  /** The fields that there is a place for in that object; `undefined` where that is not known. */
  readonly keyInputs: readonly string[] | undefined;
  readonly argsExpr: string;
  readonly additionalArgs: string | undefined;
  readonly public: boolean;
}

export interface LookupsRead {
  readonly lookups: readonly ReadLookup[];
  readonly mistakes: readonly Mistake[];
}

const EXAMPLE = 'user(id: ID!): User @merge(keyField: "id")';

/** Every `@merge` of the schema. */
export function readLookups(schema: GraphQLSchema): LookupsRead {
  const lookups: ReadLookup[] = [];
  const mistakes: Mistake[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!('getFields' in type)) continue;
    for (const field of Object.values(type.getFields())) {
      const merge = field.astNode && useOf(field.astNode, 'merge');
      if (!merge) continue;
      const read =
        type === schema.getQueryType()
          ? readLookup(field as GraphQLField<unknown, unknown>, merge, schema)
          : [notOnQuery(type, field.name, merge)];
      if (Array.isArray(read)) mistakes.push(...read);
      else lookups.push(read);
    }
  }
  return { lookups, mistakes };
}

function notOnQuery(type: GraphQLNamedType, field: string, node: ConstDirectiveNode): Mistake {
  const message = `"${type.name}.${field}" cannot be a look-up: @merge belongs on fields of the Query type.`;
  return mistake(node, 'MERGE_NOT_ON_QUERY', message, `Put it on a root field that finds objects by a key: ${EXAMPLE}`);
}

type Field = GraphQLField<unknown, unknown>;

function readLookup(field: Field, merge: ConstDirectiveNode, schema: GraphQLSchema): ReadLookup | Mistake[] {
  const nullable = getNullableType(field.type);
  const list = isListType(nullable);
  const named = getNullableType(list ? nullable.ofType : nullable);
  if (!isObjectType(named) && !isAbstractType(named)) {
    const message = `The look-up "${field.name}" returns ${field.type}: no object, and no list of objects.`;
    return [mistake(merge, 'MERGE_RETURNS_NO_OBJECT', message, `@merge is for fields such as ${EXAMPLE}`)];
  }
  const types = isObjectType(named) ? [named.name] : schema.getPossibleTypes(named).map(({ name }) => name);
  const argument = keyArgumentOf(field, merge, list);
  if ('code' in argument) return [argument];
  const key = readKey(field, merge, types, argument, schema);
  if ('code' in key) return [key];
  const wrongText = checkExpressions(field, merge, list);
  if (wrongText.length > 0) return wrongText;
  const mistakes = [
    ...checkKeyArgument({ field, merge, list, argument, types: key.types, paths: key.paths, schema }),
    ...missingArguments(field, merge, argument),
  ];
  if (mistakes.length > 0) return mistakes;
  const isPublic = argumentOf(merge, 'public');
  return {
    field: field.name,
    node: merge,
    types: key.types,
    abstract: isAbstractType(named),
    list,
    keyPaths: key.paths,
    objectKey: argument.sends === 'object' || argument.sends === 'expression',
    keyInputs: inputsOf(argument),
    argsExpr: argument.expression,
    additionalArgs: stringOf(merge, 'additionalArgs'),
    public: isPublic?.kind === 'BooleanValue' && isPublic.value,
  };
}

function inputsOf({ sends, type }: KeyArgument): readonly string[] | undefined {
  const named = sends === 'object' && type ? getNamedType(type) : undefined;
  return isInputObjectType(named) ? Object.keys(named.getFields()) : undefined;
}

interface Key {
  readonly types: readonly string[];
  readonly paths: readonly (readonly string[])[];
}

/** The key's fields, and which of the types have them. */
function readKey(
  field: Field,
  merge: ConstDirectiveNode,
  types: readonly string[],
  argument: KeyArgument,
  schema: GraphQLSchema,
): Key | Mistake {
  const given = argument.paths ?? declaredPaths(types, schema);
  if (given instanceof GraphQLError) return mistake(given.nodes?.[0], 'INVALID_KEY', given.message);
  if (given === undefined) {
    const message = `It does not say which field of ${types.join(', ')} is the key that "${field.name}" takes.`;
    const hint = 'Name it: @merge(keyField: "id"), or put @key(fields: "…") on the type.';
    return mistake(merge, 'MERGE_WITHOUT_KEY', message, hint);
  }
  const able = types.filter((type) => wrongPath(schema, type, given) === undefined);
  if (able.length > 0) return { types: able, paths: given };
  const wrong = wrongPath(schema, types[0] ?? '', given);
  const node = argumentOf(merge, 'keyField') ?? argumentOf(merge, 'key') ?? argumentOf(merge, 'argsExpr') ?? merge;
  const fields = fieldNames(schema, types[0]);
  return mistake(node, 'MERGE_UNKNOWN_KEY_FIELD', `The key of "${field.name}" cannot be: ${wrong}.`, fields);
}

function fieldNames(schema: GraphQLSchema, typeName: string | undefined): string | undefined {
  const type = typeName === undefined ? undefined : schema.getType(typeName);
  if (!isObjectType(type)) return undefined;
  return `The fields of ${type.name} are ${Object.keys(type.getFields()).join(', ')}.`;
}

/** What the types' own `@key` says; of several types, the first one's. */
function declaredPaths(types: readonly string[], schema: GraphQLSchema): string[][] | undefined | GraphQLError {
  for (const name of types) {
    const selection = declaredKeys(schema.getType(name))[0]?.fields;
    if (selection instanceof GraphQLError) return selection;
    if (selection) return leafPaths(selection);
  }
  return undefined;
}

export interface DeclaredKey {
  readonly node: ConstDirectiveNode;
  readonly fields: SelectionSetNode | GraphQLError;
}

/** Every `@key` on a type and its extensions. */
export function declaredKeys(type: GraphQLNamedType | undefined): DeclaredKey[] {
  if (!isObjectType(type)) return [];
  const nodes = [type.astNode, ...type.extensionASTNodes].flatMap((node) => (node ? usesOf(node, 'key') : []));
  return nodes.map((node) => ({ node, fields: keyFieldsOf(node) }));
}

/** Arguments that the service insists on, and that neither the key nor `additionalArgs` gives. */
function missingArguments(field: Field, merge: ConstDirectiveNode, argument: KeyArgument): Mistake[] {
  const more = `${stringOf(merge, 'additionalArgs') ?? ''} ${stringsOf(merge, 'argsExpr')?.join(' ') ?? ''}`;
  const given = new Set([...more.matchAll(/\b(\w+)\s*:/g)].map(([, name]) => name));
  const missing = field.args.filter(
    (arg) => isRequiredArgument(arg) && arg.name !== argument.root && !given.has(arg.name),
  );
  return missing.map((arg) => {
    const message = `The look-up "${field.name}" also needs "${arg.name}: ${arg.type}", which it is not given.`;
    const hint = `Give it a fixed value: @merge(…, additionalArgs: "${arg.name}: …") for ${getNamedType(arg.type)}.`;
    return mistake(merge, 'MERGE_MISSING_ARGUMENT', message, hint);
  });
}
