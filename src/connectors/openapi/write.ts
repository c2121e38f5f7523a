import { Kind, print } from 'graphql';
import {
  type EnumModel,
  type FieldModel,
  type ObjectModel,
  objectOf,
  printType,
  type TypeRef,
  type UnionModel,
  unionOf,
} from './model.ts';
import { isName } from './names.ts';
import type { BodyModel, RootField } from './operations.ts';
import { type ArgumentModel, expressionOf, templateOf } from './parameters.ts';

const MAX_DESCRIPTION = 300;

/** Returns a description as a block string, shortened and without control characters. */
export function descriptionText(text: string | undefined, indent: string): string {
  if (text === undefined) return '';
  const shortened = text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION).trimEnd()}…` : text;
  const value = shortened.replaceAll(/[^\n\t\x20-\u{10ffff}]/gu, ' ');
  const printed = print({ kind: Kind.STRING, value, block: true });
  const lines = printed.split('\n').map((line) => (line === '' ? line : indent + line));
  return `${lines.join('\n')}\n`;
}

/** Writes an object or input type. */
export function writeObject(keyword: 'type' | 'input', object: ObjectModel): string {
  const fields = object.fields.map(
    ({ name, type, required, description }) =>
      `${descriptionText(description, '  ')}  ${name}: ${printType(type)}${required ? '!' : ''}`,
  );
  return `${descriptionText(object.description, '')}${keyword} ${object.name} {\n${fields.join('\n')}\n}`;
}

/** Writes a union type. */
export function writeUnion({ name, description, members }: UnionModel): string {
  const names = [...new Set(members.map(({ object }) => object.name))];
  return `${descriptionText(description, '')}union ${name} = ${names.join(' | ')}`;
}

/** Writes an enum type. */
export function writeEnum({ name, values }: EnumModel): string {
  return `enum ${name} {\n${values.map((value) => `  ${value}`).join('\n')}\n}`;
}

/** Writes a root type whose fields have connectors. */
export function writeRoot(name: string, fields: readonly RootField[], source: string): string {
  return `type ${name} {\n${fields.map((field) => writeField(field, source)).join('\n\n')}\n}`;
}

function writeField(field: RootField, source: string): string {
  const { name, args, body, output, deprecated, entity } = field;
  const all = [
    ...args.map((argument) => `${argument.name}: ${printType(argument.type)}${argument.required ? '!' : ''}`),
    ...(body === undefined ? [] : [`${body.argument}: ${printType(body.type)}${body.required ? '!' : ''}`]),
  ];
  const type = output === undefined ? 'Boolean' : printType(output);
  const connect = [
    `      source: "${source}"`,
    `      http: {\n${writeHttp(field)}\n      }`,
    `      selection: ${selectionText(output)}`,
    ...(entity ? ['      entity: true'] : []),
  ];
  const head = `${descriptionText(field.description, '  ')}  ${name}${all.length === 0 ? '' : `(${all.join(', ')})`}: ${type}`;
  return `${head}${deprecated ? ' @deprecated' : ''}\n    @connect(\n${connect.join('\n')}\n    )`;
}

function writeHttp({ method, path, args, body }: RootField): string {
  const lines = [`        ${method}: ${JSON.stringify(pathTemplate(path, args))}`];
  const query = args.filter((argument) => argument.in === 'query');
  if (query.length > 0) {
    const parameters = query.flatMap(queryLines).map((line) => `          ${line}`);
    lines.push(`        queryParams: """\n${parameters.join('\n')}\n        """`);
  }
  const headers = args
    .filter((argument) => argument.in === 'header')
    .map((argument) => `{name: ${JSON.stringify(argument.original)}, value: "${templateOf(argument)}"}`);
  if (body?.form) headers.push('{name: "Content-Type", value: "application/x-www-form-urlencoded"}');
  if (headers.length > 0) lines.push(`        headers: [${headers.join(', ')}]`);
  if (body !== undefined) lines.push(`        body: ${bodyText(body)}`);
  return lines.join('\n');
}

function queryLines(argument: ArgumentModel): string[] {
  const { name, original, serialization } = argument;
  if (serialization.kind !== 'entries') return [`${keyText(original)}: ${expressionOf(argument)}`];
  return serialization.entries.map(([key, path]) => `${keyText(key)}: $args.${name}.${path}`);
}

function pathTemplate(path: string, args: readonly ArgumentModel[]): string {
  return path.replaceAll(/\{([^{}]+)\}/g, (whole, original: string) => {
    const argument = args.find((candidate) => candidate.in === 'path' && candidate.original === original);
    return argument === undefined ? whole : templateOf(argument);
  });
}

function keyText(key: string): string {
  return isName(key) ? key : JSON.stringify(key).replaceAll('"""', '\\"""');
}

/** Returns the mapping of the body: the whole input, or its fields with their names in the API. */
function bodyText({ argument, type }: BodyModel): string {
  const object = objectOf(type);
  if (object === undefined || !isRenamed(object, new Set())) return `"$args.${argument}"`;
  return `"""\n        $args.${argument} {\n${inputLines(object, '          ', [object])}\n        }\n        """`;
}

function isRenamed(object: ObjectModel, seen: Set<ObjectModel>): boolean {
  if (seen.has(object)) return false;
  seen.add(object);
  return object.fields.some(({ name, original, type }) => {
    const inner = objectOf(type);
    return name !== original || (inner !== undefined && isRenamed(inner, seen));
  });
}

function inputLines(object: ObjectModel, indent: string, parents: readonly ObjectModel[]): string {
  const lines = object.fields.map(({ name, original, type }) => {
    const inner = objectOf(type);
    const start = name === original ? name : `${keyText(original)}: ${name}`;
    if (inner === undefined || parents.includes(inner) || !isRenamed(inner, new Set())) return `${indent}${start}`;
    return `${indent}${start} {\n${inputLines(inner, `${indent}  `, [...parents, inner])}\n${indent}}`;
  });
  return lines.join('\n');
}

function selectionText(output: TypeRef | undefined): string {
  if (output === undefined) return '"$(true)"';
  const lines = innerLines(output, '      ');
  return lines === undefined ? '"$"' : `"""\n${lines.join('\n')}\n      """`;
}

/** Returns the selection of a type; `undefined` for single values. */
function innerLines(type: TypeRef, indent: string): string[] | undefined {
  const union = unionOf(type);
  if (union !== undefined) return unionLines(union, indent);
  const object = objectOf(type);
  return object?.fields.map((field) => outputLine(field, indent));
}

/** Returns the selection of a union: the fields of all members. Fields of other members are missing in a response. */
function unionLines({ property, members }: UnionModel, indent: string): string[] {
  const pairs = members.flatMap(({ values, object }) =>
    values.map((value) => `[${JSON.stringify(value)}, "${object.name}"]`),
  );
  const fields = new Map<string, string>();
  for (const { object } of members) {
    for (const field of object.fields) {
      const line = outputLine(field, indent);
      // a field that is JSON in one object may have nested fields in another
      if (line.length > (fields.get(field.name)?.length ?? 0)) fields.set(field.name, line);
    }
  }
  return [`${indent}__typename: ${keyText(property)}->match(${pairs.join(', ')})`, ...fields.values()];
}

function outputLine({ name, original, type }: FieldModel, indent: string): string {
  const inner = innerLines(type, `${indent}  `);
  const start = name === original ? name : `${name}: ${keyText(original)}`;
  return inner === undefined ? `${indent}${start}` : `${indent}${start} {\n${inner.join('\n')}\n${indent}}`;
}

/** Returns whether one of the types is this scalar or enum, or a list of it. */
export function usesScalar(name: string, types: Iterable<TypeRef>): boolean {
  for (const type of types) if (printType(type).replaceAll(/[[\]!]/g, '') === name) return true;
  return false;
}
