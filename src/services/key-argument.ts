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
import { type Mistake, mistake } from './mistake.ts';

type Field = GraphQLField<unknown, unknown>;

/** How a look-up gets its key. */
export interface KeyArgument {
  /** The argument that the key is in; `undefined` where `argsExpr` decides. */
  readonly root: string | undefined;
  /** The type of what the key takes the place of. */
  readonly type: GraphQLInputType | undefined;
  /** One field's value, an object put together by `key`, the whole key as an object, or what `argsExpr` says. */
  readonly sends: 'field' | 'parts' | 'object' | 'expression';
  /** Names of the fields of the object that is sent, for `parts`. */
  readonly parts: readonly string[];
  /** Which fields of the type are the key; `undefined` where the type's `@key` says it. */
  readonly paths: readonly (readonly string[])[] | undefined;
  readonly expression: string;
}

const PATH = /^[_A-Za-z]\w*(\.[_A-Za-z]\w*)*$/;

/** Reads `keyField`, `keyArg`, `key` and `argsExpr` of a `@merge`. */
export function keyArgumentOf(field: Field, merge: ConstDirectiveNode, list: boolean): KeyArgument | Mistake {
  const argsExpr = stringOf(merge, 'argsExpr');
  if (argsExpr !== undefined) return ofExpression(argsExpr, merge);
  const place = placeOfKey(field, merge);
  if ('code' in place) return place;
  const value = keyValue(merge);
  if ('code' in value) return value;
  const [last = '', ...above] = [...place.path].reverse();
  const inner = `${last}: ${list ? `[[${value.text}]]` : value.text}`;
  const expression = above.reduce((text, name) => `${name}: { ${text} }`, inner);
  return { root: place.path[0], type: place.type, ...value, expression };
}

function ofExpression(text: string, merge: ConstDirectiveNode): KeyArgument | Mistake {
  const paths = [...text.matchAll(/\$key((?:\.\w+)*)/g)].map(([, path = '']) => path.split('.').slice(1));
  if (paths.length === 0) {
    const message = '`argsExpr` does not use the key.';
    return mistake(argumentOf(merge, 'argsExpr'), 'MERGE_INVALID_KEY', message, 'Write it like "ids: [[$key.id]]".');
  }
  const named = paths.filter((path) => path.length > 0);
  const whole = named.length < paths.length;
  const base = { root: undefined, type: undefined, parts: [], expression: text } as const;
  return { ...base, sends: 'expression', paths: whole ? undefined : named };
}

/** The argument that takes the key, be it within an input object: `keyArg: "by.ids"`. */
function placeOfKey(field: Field, merge: ConstDirectiveNode): { path: string[]; type: GraphQLInputType } | Mistake {
  const keyArg = stringOf(merge, 'keyArg');
  const node = argumentOf(merge, 'keyArg') ?? merge;
  const known = field.args.map(({ name }) => name).join(', ') || 'none';
  const hint = `"${field.name}" takes these arguments: ${known}.`;
  if (keyArg === undefined && field.args.length !== 1) {
    const message = `"${field.name}" has ${field.args.length} arguments, and it is not said which one takes the key.`;
    return mistake(node, 'MERGE_KEY_ARG_MISSING', message, `Name it: @merge(keyField: "…", keyArg: "…"). ${hint}`);
  }
  const path = keyArg?.split('.') ?? [field.args[0]?.name ?? ''];
  let type: GraphQLInputType | undefined;
  for (const [index, step] of path.entries()) {
    const holder = type && getNamedType(type);
    if (index === 0) type = field.args.find(({ name }) => name === step)?.type;
    else type = isInputObjectType(holder) ? holder.getFields()[step]?.type : undefined;
    if (type === undefined) {
      const where = index === 0 ? `"${field.name}" has no argument "${step}"` : `"${holder}" has no field "${step}"`;
      return mistake(node, 'MERGE_UNKNOWN_KEY_ARG', `${where}, which should take the key.`, hint);
    }
  }
  return { path, type: type as GraphQLInputType };
}

type KeyValue = Pick<KeyArgument, 'sends' | 'parts' | 'paths'> & { text: string };

function keyValue(merge: ConstDirectiveNode): KeyValue | Mistake {
  const keyField = stringOf(merge, 'keyField');
  const key = stringsOf(merge, 'key');
  if (keyField !== undefined && key !== undefined) {
    return mistake(merge, 'MERGE_INVALID_KEY', '@merge has both `keyField` and `key`.', 'Keep one of them.');
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

function invalidPath(merge: ConstDirectiveNode, argument: string, text: string): Mistake {
  const message = `"${text}" in \`${argument}\` is no path of field names.`;
  return mistake(argumentOf(merge, argument), 'MERGE_INVALID_KEY', message, 'Write it like "id" or "owner.id".');
}

/** `[{to: "a.b", from: "x"}]` → `{ a: { b: $key.x } }` */
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

export interface KeyCheck {
  readonly field: Field;
  readonly merge: ConstDirectiveNode;
  readonly list: boolean;
  readonly argument: KeyArgument;
  readonly types: readonly string[];
  readonly paths: readonly (readonly string[])[];
  readonly schema: GraphQLSchema;
}

/** Whether the argument can take the key: one or a list of them, of its type. */
export function checkKeyArgument(check: KeyCheck): Mistake[] {
  const { field, merge, list, argument, paths } = check;
  if (argument.type === undefined) return [];
  const takesList = isListType(getNullableType(argument.type));
  const said = `"${argument.root}" of "${field.name}"`;
  if (takesList !== list) {
    const message = list
      ? `"${field.name}" returns a list, but ${said} takes one key: ${argument.type}.`
      : `"${field.name}" returns one object, but ${said} takes a list of keys: ${argument.type}.`;
    const hint = 'One key finds one object, a list of keys a list of objects.';
    return [mistake(merge, 'MERGE_KEY_TYPE', message, hint)];
  }
  const wanted = getNamedType(argument.type);
  if (argument.sends === 'field') return checkField(check, said);
  if (isSpecifiedScalarType(wanted) || isEnumType(wanted)) {
    const message = `${said} is of type ${argument.type}, but would be given the whole key as an object.`;
    return [mistake(merge, 'MERGE_KEY_TYPE', message, 'Name the field that is the key: @merge(keyField: "id").')];
  }
  if (!isInputObjectType(wanted)) return [];
  const given = argument.sends === 'parts' ? argument.parts : paths.map(([first = '']) => first);
  const fields = wanted.getFields();
  const unmatched = given.find((name) => !(name in fields));
  const missing = Object.values(fields).find((input) => isRequiredInputField(input) && !given.includes(input.name));
  if (unmatched === undefined && missing === undefined) return [];
  const message =
    unmatched === undefined
      ? `${said} needs "${missing?.name}: ${missing?.type}", which is not in the key.`
      : `${said} is of type ${wanted.name}, which has no field "${unmatched}".`;
  const hint = `The fields of ${wanted.name} are ${Object.keys(fields).join(', ')}; give them with @merge(key: ["…"]).`;
  return [mistake(argumentOf(merge, 'key') ?? merge, 'MERGE_KEY_TYPE', message, hint)];
}

function checkField({ merge, argument, types, paths, schema }: KeyCheck, said: string): Mistake[] {
  const [path = []] = paths;
  for (const name of types) {
    const type = leafType(schema, name, path);
    if (type && argument.type && !isCompatible(type, argument.type)) {
      const message = `The key ${name}.${path.join('.')} is of type ${type}, but ${said} takes ${argument.type}.`;
      return [mistake(argumentOf(merge, 'keyField'), 'MERGE_KEY_TYPE', message, 'Choose a field of the same type.')];
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

/** Whether values of the one type are values of the other: an ID may be text, and what a scalar of its own is, nobody knows. */
function isCompatible(from: GraphQLOutputType, to: GraphQLInputType): boolean {
  if (isListType(getNullableType(from))) return false;
  const [given, taken] = [getNamedType(from), getNamedType(to)];
  if (given.name === taken.name) return true;
  if (isInputObjectType(taken)) return false;
  const custom = [given, taken].some((type) => isScalarType(type) && !isSpecifiedScalarType(type));
  return custom || FITS.has(`${given.name} ${taken.name}`);
}

const FITS = new Set(['ID String', 'String ID', 'Int ID', 'Int Float']);
