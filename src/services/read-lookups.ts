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
import { type ServiceProblem, serviceProblem } from './service-problem.ts';

/** A look-up with the service's names. */
export interface ReadLookup {
  readonly field: string;
  readonly node: ConstDirectiveNode;
  readonly types: readonly string[];
  readonly abstract: boolean;
  readonly list: boolean;
  readonly keyPaths: readonly (readonly string[])[];
  /** Whether the key is sent as an object, which can contain fields for `@computed`. */
  readonly objectKey: boolean;
  /** Fields of that object's type; `undefined` where they are not known. */
  readonly keyInputs: readonly string[] | undefined;
  readonly argsExpr: string;
  readonly additionalArgs: string | undefined;
  readonly public: boolean;
}

/** The look-ups of a service, and their problems. */
export interface LookupsRead {
  readonly lookups: readonly ReadLookup[];
  readonly problems: readonly ServiceProblem[];
}

const EXAMPLE = 'user(id: ID!): User @merge(keyField: "id")';

/** Reads all `@merge` directives of a schema. */
export function readLookups(schema: GraphQLSchema): LookupsRead {
  const lookups: ReadLookup[] = [];
  const problems: ServiceProblem[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!('getFields' in type)) continue;
    for (const field of Object.values(type.getFields())) {
      const merge = field.astNode && useOf(field.astNode, 'merge');
      if (!merge) continue;
      const read =
        type === schema.getQueryType()
          ? readLookup(field as GraphQLField<unknown, unknown>, merge, schema)
          : [notOnQuery(type, field.name, merge)];
      if (Array.isArray(read)) problems.push(...read);
      else lookups.push(read);
    }
  }
  return { lookups, problems };
}

function notOnQuery(type: GraphQLNamedType, field: string, node: ConstDirectiveNode): ServiceProblem {
  const message = `"${type.name}.${field}" cannot be a look-up: @merge is only allowed on fields of the Query type.`;
  return serviceProblem(
    node,
    'MERGE_NOT_ON_QUERY',
    message,
    `Use it on a root field that finds objects by a key: ${EXAMPLE}`,
  );
}

type Field = GraphQLField<unknown, unknown>;

function readLookup(field: Field, merge: ConstDirectiveNode, schema: GraphQLSchema): ReadLookup | ServiceProblem[] {
  const nullable = getNullableType(field.type);
  const list = isListType(nullable);
  const named = getNullableType(list ? nullable.ofType : nullable);
  if (!isObjectType(named) && !isAbstractType(named)) {
    const message = `The look-up "${field.name}" returns ${field.type}; expected an object or a list of objects.`;
    return [serviceProblem(merge, 'MERGE_RETURNS_NO_OBJECT', message, `Use @merge on fields such as ${EXAMPLE}`)];
  }
  const types = isObjectType(named) ? [named.name] : schema.getPossibleTypes(named).map(({ name }) => name);
  const argument = keyArgumentOf(field, merge, list);
  if ('code' in argument) return [argument];
  const key = readKey(field, merge, types, argument, schema);
  if ('code' in key) return [key];
  const invalidExpressions = checkExpressions(field, merge, list);
  if (invalidExpressions.length > 0) return invalidExpressions;
  const problems = [
    ...checkKeyArgument({ field, merge, list, argument, types: key.types, paths: key.paths, schema }),
    ...missingArguments(field, merge, argument),
  ];
  if (problems.length > 0) return problems;
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

/** Returns the key's fields and the types that have them. */
function readKey(
  field: Field,
  merge: ConstDirectiveNode,
  types: readonly string[],
  argument: KeyArgument,
  schema: GraphQLSchema,
): Key | ServiceProblem {
  const given = argument.paths ?? declaredPaths(types, schema);
  if (given instanceof GraphQLError) return serviceProblem(given.nodes?.[0], 'INVALID_KEY', given.message);
  if (given === undefined) {
    const message = `@merge must name the field of ${types.join(', ')} that is the key of "${field.name}".`;
    const hint = 'Set it: @merge(keyField: "id"), or add @key(fields: "…") to the type.';
    return serviceProblem(merge, 'MERGE_WITHOUT_KEY', message, hint);
  }
  const matching = types.filter((type) => wrongPath(schema, type, given) === undefined);
  if (matching.length > 0) return { types: matching, paths: given };
  const wrong = wrongPath(schema, types[0] ?? '', given);
  const node = argumentOf(merge, 'keyField') ?? argumentOf(merge, 'key') ?? argumentOf(merge, 'argsExpr') ?? merge;
  const fields = fieldNames(schema, types[0]);
  return serviceProblem(node, 'MERGE_UNKNOWN_KEY_FIELD', `Invalid key of "${field.name}": ${wrong}.`, fields);
}

function fieldNames(schema: GraphQLSchema, typeName: string | undefined): string | undefined {
  const type = typeName === undefined ? undefined : schema.getType(typeName);
  if (!isObjectType(type)) return undefined;
  return `The fields of ${type.name} are ${Object.keys(type.getFields()).join(', ')}.`;
}

/** Returns the key fields in the first `@key` of the types. */
function declaredPaths(types: readonly string[], schema: GraphQLSchema): string[][] | undefined | GraphQLError {
  for (const name of types) {
    const selection = declaredKeys(schema.getType(name))[0]?.fields;
    if (selection instanceof GraphQLError) return selection;
    if (selection) return leafPaths(selection);
  }
  return undefined;
}

/** A `@key` with its fields, or the error in them. */
export interface DeclaredKey {
  readonly node: ConstDirectiveNode;
  readonly fields: SelectionSetNode | GraphQLError;
}

/** Returns all `@key` directives of a type and its extensions. */
export function declaredKeys(type: GraphQLNamedType | undefined): DeclaredKey[] {
  if (!isObjectType(type)) return [];
  const nodes = [type.astNode, ...type.extensionASTNodes].flatMap((node) => (node ? usesOf(node, 'key') : []));
  return nodes.map((node) => ({ node, fields: keyFieldsOf(node) }));
}

/** Reports required arguments that neither the key nor `additionalArgs` sets. */
function missingArguments(field: Field, merge: ConstDirectiveNode, argument: KeyArgument): ServiceProblem[] {
  const more = `${stringOf(merge, 'additionalArgs') ?? ''} ${stringsOf(merge, 'argsExpr')?.join(' ') ?? ''}`;
  const given = new Set([...more.matchAll(/\b(\w+)\s*:/g)].map(([, name]) => name));
  const missing = field.args.filter(
    (arg) => isRequiredArgument(arg) && arg.name !== argument.root && !given.has(arg.name),
  );
  return missing.map((arg) => {
    const message = `The look-up "${field.name}" also requires the argument "${arg.name}: ${arg.type}", which @merge does not set.`;
    const hint = `Set a fixed ${getNamedType(arg.type)}: @merge(…, additionalArgs: "${arg.name}: …").`;
    return serviceProblem(merge, 'MERGE_MISSING_ARGUMENT', message, hint);
  });
}
