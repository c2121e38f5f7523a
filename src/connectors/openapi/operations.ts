import type { HttpMethod } from '../connector.ts';
import {
  type Content,
  type OpenApiDocument,
  type Operation,
  type PathItem,
  type Resolver,
  type Schema,
  textOf,
} from './document.ts';
import { type FieldModel, JSON_TYPE, type TypeRef } from './model.ts';
import { fieldName, Names } from './names.ts';
import { type ArgumentModel, readParameters } from './parameters.ts';
import type { TypeBuilder } from './types.ts';

/** The argument for a request body. */
export interface BodyModel {
  readonly argument: string;
  readonly type: TypeRef;
  readonly required: boolean;
  readonly form: boolean;
}

/** An operation as a root field. */
export interface RootField {
  readonly root: 'Query' | 'Mutation';
  readonly name: string;
  readonly method: HttpMethod;
  readonly path: string;
  readonly args: readonly ArgumentModel[];
  readonly body: BodyModel | undefined;
  /** Type of the response; `undefined` for an empty response, whose field is a Boolean. */
  readonly output: TypeRef | undefined;
  /** Whether the field is an entity look-up. */
  entity: boolean;
  readonly description: string | undefined;
  readonly deprecated: boolean;
}

/** The operations of a document as root fields. */
export interface OperationsRead {
  readonly fields: readonly RootField[];
  /** Operations that connectors do not support, with reasons: `POST /upload: multipart/form-data`. */
  readonly leftOut: readonly string[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

interface Builders {
  readonly output: TypeBuilder;
  readonly input: TypeBuilder;
  readonly resolve: Resolver;
}

/** Converts the operations of a document to root fields. */
export function readOperations(document: OpenApiDocument, builders: Builders): OperationsRead {
  const names = { Query: new Names(['_entities', '_service']), Mutation: new Names() };
  const fields: RootField[] = [];
  const leftOut: string[] = [];
  for (const [path, given] of Object.entries(document.paths ?? {})) {
    const item = builders.resolve(given);
    for (const method of METHODS) {
      const operation = item?.[method];
      if (item === undefined || typeof operation !== 'object' || operation === null) continue;
      const root = method === 'get' ? 'Query' : 'Mutation';
      const read = readOperation(path, method, item, operation, builders);
      const reasons = typeof read === 'string' ? [read] : read.leftOut;
      leftOut.push(...reasons.map((reason) => `${method.toUpperCase()} ${path}: ${reason}`));
      if (typeof read !== 'string')
        fields.push({ ...read, root, name: names[root].take(nameOf(operation, method, path)) });
    }
  }
  return { fields: withEntities(fields), leftOut };
}

function nameOf(operation: Operation, method: string, path: string): string {
  const id = textOf(operation.operationId);
  return fieldName(id ?? `${method} ${path.replaceAll(/[{}]/g, ' ')}`);
}

type OperationField = Omit<RootField, 'root' | 'name'> & { readonly leftOut: readonly string[] };

/** Converts an operation to a field; returns the reason as a string where that is not possible. */
function readOperation(
  path: string,
  method: (typeof METHODS)[number],
  item: PathItem,
  operation: Operation,
  builders: Builders,
): OperationField | string {
  const where = textOf(operation.operationId) ?? `${method} ${path}`;
  const { args, leftOut: without, impossible } = readParameters(item, operation, builders);
  const leftOut = [...without];
  if (impossible !== undefined) return impossible;
  const lost = [...path.matchAll(/\{([^{}]+)\}/g)].find(
    ([, name]) => !args.some((p) => p.in === 'path' && p.original === name),
  );
  if (lost !== undefined) return `the path parameter ${lost[0]} is not described`;
  const body = readBody(operation, `${where} body`, builders, args, leftOut);
  if (typeof body === 'string') return body;
  const output = readOutput(operation, `${where} result`, builders);
  if (typeof output === 'string') return output;
  return {
    method: method.toUpperCase() as HttpMethod,
    path,
    args,
    leftOut,
    body,
    output: output.type,
    entity: false,
    description: textOf(operation.summary) ?? textOf(operation.description),
    deprecated: operation.deprecated === true,
  };
}

function readBody(
  operation: Operation,
  where: string,
  { input, resolve }: Builders,
  args: readonly ArgumentModel[],
  leftOut: string[],
): BodyModel | undefined | string {
  const body = resolve(operation.requestBody);
  if (body?.content === undefined || Object.keys(body.content).length === 0) return undefined;
  const json = contentOf(body.content, isJson);
  const form =
    json === undefined ? contentOf(body.content, (type) => type === 'application/x-www-form-urlencoded') : undefined;
  const schema = json ?? form;
  if (schema === undefined) {
    const types = Object.keys(body.content).join(', ');
    if (body.required === true) return `its body is ${types}`;
    leftOut.push(`without its body, which is ${types}`);
    return undefined;
  }
  const { type } = input.typeOf(schema.schema, where);
  const argument = args.some(({ name }) => name === 'input') ? 'bodyInput' : 'input';
  return { argument, type, required: body.required === true, form: json === undefined };
}

function readOutput(
  operation: Operation,
  where: string,
  { output, resolve }: Builders,
): { type: TypeRef | undefined } | string {
  const responses = Object.entries(operation.responses ?? {});
  const success = responses.filter(([status]) => /^2/.test(status)).sort(([a], [b]) => (a < b ? -1 : 1));
  const given = [...success, ...responses.filter(([status]) => status === 'default')].map(([, response]) =>
    resolve(response),
  );
  const contents = given.flatMap((response) => (response?.content === undefined ? [] : [response.content]));
  const filled = contents.filter((content) => Object.keys(content).length > 0);
  for (const content of success.length > 0 || filled.length > 0 ? filled : []) {
    const json = contentOf(content, isJson);
    if (json !== undefined) return { type: output.typeOf(json.schema, where).type };
  }
  const [first] = success.length > 0 ? filled : [];
  if (first === undefined) return { type: undefined };
  if (contentOf(first, (type) => type.startsWith('text/plain')) !== undefined)
    return { type: { kind: 'scalar', name: 'String' } };
  return `its response is ${Object.keys(first).join(', ')}`;
}

function contentOf(content: Content, fits: (type: string) => boolean): { readonly schema?: Schema } | undefined {
  const found = Object.entries(content).find(([type]) => fits(type.split(';')[0]?.trim().toLowerCase() ?? ''));
  return found?.[1];
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json') || type === '*/*' || type === 'application/*';
}

/** Marks entity look-ups: the first field of each type such as `GET /pets/{petId}` that returns a pet with an `id`. */
function withEntities(fields: readonly RootField[]): RootField[] {
  const found = new Set<string>();
  return fields.map((field) => {
    const { args, output, method, body } = field;
    const object = output?.kind === 'object' ? output.object : undefined;
    const [argument, second] = args.filter((candidate) => candidate.in === 'path');
    if (
      method !== 'GET' ||
      body !== undefined ||
      object === undefined ||
      argument === undefined ||
      second !== undefined
    )
      return field;
    if (found.has(object.name) || args.some((other) => other !== argument && other.required)) return field;
    const key = keyFor(argument, object.fields);
    if (key === undefined || args.some((other) => other !== argument && other.name === key.name)) return field;
    found.add(object.name);
    const own = { ...argument, name: key.name, type: key.type };
    return { ...field, entity: true, args: args.map((other) => (other === argument ? own : other)) };
  });
}

/** Returns the key field for an argument: the field of the same name, else `id` for `petId`, `pet_id` and `id`. */
function keyFor({ original, name }: ArgumentModel, fields: readonly FieldModel[]): FieldModel | undefined {
  const same = fields.find((field) => field.original === original || field.name === name);
  const id = /(^id|Id|_id|-id)$/.test(original) ? fields.find((field) => field.name === 'id') : undefined;
  const key = same ?? id;
  return key?.type.kind === 'scalar' && key.type !== JSON_TYPE ? key : undefined;
}
