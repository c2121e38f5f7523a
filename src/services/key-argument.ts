import {
  type ConstDirectiveNode,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isRequiredInputField,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';
import { argumentOf, stringOf, stringsOf } from './arguments.ts';
import { type ServiceProblem, serviceProblem } from './service-problem.ts';

type Field = GraphQLField<unknown, unknown>;

/** How a look-up receives its key. */
export interface KeyArgument {
  /** Argument that contains the key; `undefined` with `argsExpr`. */
  readonly root: string | undefined;
  /** Type of the argument or input field that is set to the key. */
  readonly type: GraphQLInputType | undefined;
  /** What is sent: the value of one field, an object built by `key`, the whole key as an object, or `argsExpr`. */
  readonly sends: 'field' | 'parts' | 'object' | 'expression';
  /** Field names of the object that is sent, for `parts`. */
  readonly parts: readonly string[];
  /** Key fields of the type; `undefined` where the type's `@key` declares them. */
  readonly paths: readonly (readonly string[])[] | undefined;
  readonly expression: string;
}

const PATH = /^[_A-Za-z]\w*(\.[_A-Za-z]\w*)*$/;

/** Reads `keyField`, `keyArg`, `key` and `argsExpr` of a `@merge`. */
export function keyArgumentOf(field: Field, merge: ConstDirectiveNode, list: boolean): KeyArgument | ServiceProblem {
  const argsExpr = stringOf(merge, 'argsExpr');
  if (argsExpr !== undefined) return ofExpression(argsExpr, merge);
  const place = placeOfKey(field, merge);
  if ('code' in place) return place;
  const value = keyValue(merge);
  if ('code' in value) return value;
  const [last = '', ...parents] = [...place.path].reverse();
  const inner = `${last}: ${list ? `[[${value.text}]]` : value.text}`;
  const expression = parents.reduce((text, name) => `${name}: { ${text} }`, inner);
  return { root: place.path[0], type: place.type, ...value, expression };
}

function ofExpression(text: string, merge: ConstDirectiveNode): KeyArgument | ServiceProblem {
  const paths = [...text.matchAll(/\$key((?:\.\w+)*)/g)].map(([, path = '']) => path.split('.').slice(1));
  if (paths.length === 0) {
    const message = '`argsExpr` does not use the key.';
    return serviceProblem(argumentOf(merge, 'argsExpr'), 'MERGE_INVALID_KEY', message, 'Example: "ids: [[$key.id]]".');
  }
  const named = paths.filter((path) => path.length > 0);
  const whole = named.length < paths.length;
  const base = { root: undefined, type: undefined, parts: [], expression: text } as const;
  return { ...base, sends: 'expression', paths: whole ? undefined : named };
}

/** Finds the argument, or the input field within it, that receives the key: `keyArg: "by.ids"`. */
function placeOfKey(
  field: Field,
  merge: ConstDirectiveNode,
): { path: string[]; type: GraphQLInputType } | ServiceProblem {
  const keyArg = stringOf(merge, 'keyArg');
  const node = argumentOf(merge, 'keyArg') ?? merge;
  const known = field.args.map(({ name }) => name).join(', ') || 'none';
  const hint = `The arguments of "${field.name}" are ${known}.`;
  if (keyArg === undefined && field.args.length !== 1) {
    const message = `"${field.name}" has ${field.args.length} arguments, so @merge must name the one that receives the key.`;
    return serviceProblem(
      node,
      'MERGE_KEY_ARG_MISSING',
      message,
      `Set keyArg: @merge(keyField: "…", keyArg: "…"). ${hint}`,
    );
  }
  const path = keyArg?.split('.') ?? [field.args[0]?.name ?? ''];
  let type: GraphQLInputType | undefined;
  for (const [index, step] of path.entries()) {
    const holder = type && getNamedType(type);
    if (index === 0) type = field.args.find(({ name }) => name === step)?.type;
    else type = isInputObjectType(holder) ? holder.getFields()[step]?.type : undefined;
    if (type === undefined) {
      const where = index === 0 ? `"${field.name}" has no argument "${step}"` : `"${holder}" has no field "${step}"`;
      return serviceProblem(node, 'MERGE_UNKNOWN_KEY_ARG', `${where}, which @merge sets to the key.`, hint);
    }
  }
  return { path, type: type as GraphQLInputType };
}

type KeyValue = Pick<KeyArgument, 'sends' | 'parts' | 'paths'> & { text: string };

function keyValue(merge: ConstDirectiveNode): KeyValue | ServiceProblem {
  const keyField = stringOf(merge, 'keyField');
  const key = stringsOf(merge, 'key');
  if (keyField !== undefined && key !== undefined) {
    return serviceProblem(merge, 'MERGE_INVALID_KEY', '@merge has both `keyField` and `key`.', 'Remove one of them.');
  }
  if (keyField !== undefined) {
    if (!PATH.test(keyField)) return invalidPath(merge, 'keyField', keyField);
    return { sends: 'field', parts: [], paths: [keyField.split('.')], text: `$key.${keyField}` };
  }
  if (key === undefined) return { sends: 'object', parts: [], paths: undefined, text: '$key' };
  const parts: { to: string; from: string }[] = [];
  for (const part of key) {
    const [left = '', right] = part.split(':').map((side) => side.trim());
    const [to, from] = right === undefined ? [left, left] : [left, right];
    if (!PATH.test(to) || !PATH.test(from)) return invalidPath(merge, 'key', part);
    parts.push({ to, from });
  }
  const names = parts.map(({ to }) => to.split('.')[0] ?? '');
  return { sends: 'parts', parts: names, paths: parts.map(({ from }) => from.split('.')), text: objectText(parts) };
}

function invalidPath(merge: ConstDirectiveNode, argument: string, text: string): ServiceProblem {
  const message = `"${text}" in \`${argument}\` is not a path of field names.`;
  return serviceProblem(argumentOf(merge, argument), 'MERGE_INVALID_KEY', message, 'Examples: "id", "owner.id".');
}

/** Converts `[{to: "a.b", from: "x"}]` to `{ a: { b: $key.x } }`. */
function objectText(parts: readonly { to: string; from: string }[]): string {
  const below = new Map<string, { to: string; from: string }[]>();
  const fields: string[] = [];
  for (const { to, from } of parts) {
    const [first = '', ...rest] = to.split('.');
    if (rest.length === 0) fields.push(`${first}: $key.${from}`);
    else below.set(first, [...(below.get(first) ?? []), { to: rest.join('.'), from }]);
  }
  for (const [name, inner] of below) fields.push(`${name}: ${objectText(inner)}`);
  return `{ ${fields.join(', ')} }`;
}

/** What the check of a key argument needs. */
export interface KeyCheck {
  readonly field: Field;
  readonly merge: ConstDirectiveNode;
  readonly list: boolean;
  readonly argument: KeyArgument;
  readonly types: readonly string[];
  readonly paths: readonly (readonly string[])[];
  readonly schema: GraphQLSchema;
}

/** Checks that the argument accepts the key, or a list of keys, of its type. */
export function checkKeyArgument(check: KeyCheck): ServiceProblem[] {
  const { field, merge, list, argument, paths } = check;
  if (argument.type === undefined) return [];
  const takesList = isListType(getNullableType(argument.type));
  const argumentText = `"${argument.root}" of "${field.name}"`;
  if (takesList !== list) {
    const message = list
      ? `"${field.name}" returns a list, but ${argumentText} takes one key: ${argument.type}.`
      : `"${field.name}" returns one object, but ${argumentText} takes a list of keys: ${argument.type}.`;
    const hint = 'Use one key for one object, or a list of keys for a list of objects.';
    return [serviceProblem(merge, 'MERGE_KEY_TYPE', message, hint)];
  }
  const wanted = getNamedType(argument.type);
  if (argument.sends === 'field') return checkField(check, argumentText);
  if (isSpecifiedScalarType(wanted) || isEnumType(wanted)) {
    const message = `${argumentText} has the type ${argument.type}, but would receive the whole key as an object.`;
    return [serviceProblem(merge, 'MERGE_KEY_TYPE', message, 'Set the key field: @merge(keyField: "id").')];
  }
  if (!isInputObjectType(wanted)) return [];
  const given = argument.sends === 'parts' ? argument.parts : paths.map(([first = '']) => first);
  const fields = wanted.getFields();
  const unmatched = given.find((name) => !(name in fields));
  const missing = Object.values(fields).find((input) => isRequiredInputField(input) && !given.includes(input.name));
  if (unmatched === undefined && missing === undefined) return [];
  const message =
    unmatched === undefined
      ? `${argumentText} needs "${missing?.name}: ${missing?.type}", which is not in the key.`
      : `${argumentText} is of type ${wanted.name}, which has no field "${unmatched}".`;
  const hint = `The fields of ${wanted.name} are ${Object.keys(fields).join(', ')}. Set them with @merge(key: ["…"]).`;
  return [serviceProblem(argumentOf(merge, 'key') ?? merge, 'MERGE_KEY_TYPE', message, hint)];
}

function checkField({ merge, argument, types, paths, schema }: KeyCheck, argumentText: string): ServiceProblem[] {
  const [path = []] = paths;
  for (const name of types) {
    const type = leafType(schema, name, path);
    if (type && argument.type && !isCompatible(type, argument.type)) {
      const message = `The key ${name}.${path.join('.')} is of type ${type}, but ${argumentText} takes ${argument.type}.`;
      return [
        serviceProblem(argumentOf(merge, 'keyField'), 'MERGE_KEY_TYPE', message, 'Use a field of the same type.'),
      ];
    }
  }
  return [];
}

function leafType(schema: GraphQLSchema, typeName: string, path: readonly string[]): GraphQLOutputType | undefined {
  let type: GraphQLOutputType | undefined;
  let at: string | undefined = typeName;
  for (const step of path) {
    const holder: GraphQLNamedType | undefined = at === undefined ? undefined : schema.getType(at);
    type = holder && 'getFields' in holder ? (holder.getFields()[step]?.type as GraphQLOutputType) : undefined;
    at = type && getNamedType(type).name;
  }
  return type;
}

/** Returns whether values of one type are valid for the other. An ID may be a String; custom scalars are assumed compatible. */
function isCompatible(from: GraphQLOutputType, to: GraphQLInputType): boolean {
  if (isListType(getNullableType(from))) return false;
  const [given, taken] = [getNamedType(from), getNamedType(to)];
  if (given.name === taken.name) return true;
  if (isInputObjectType(taken)) return false;
  const custom = [given, taken].some((type) => isScalarType(type) && !isSpecifiedScalarType(type));
  return custom || COMPATIBLE_TYPES.has(`${given.name} ${taken.name}`);
}

const COMPATIBLE_TYPES = new Set(['ID String', 'String ID', 'Int ID', 'Int Float']);
