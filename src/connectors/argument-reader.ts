import { type ASTNode, type ConstDirectiveNode, type ConstValueNode, Kind, type StringValueNode } from 'graphql';
import { checkMethods } from './check-methods.ts';
import {
  type ErrorMappings,
  type HeaderRule,
  HTTP_METHODS,
  type HttpMethod,
  type Mapping,
  type PlacedReference,
  type UrlAdditions,
} from './connector.ts';
import { type ConnectorProblem, didYouMean, problemAt } from './connector-problem.ts';
import { parseMapping } from './mapping/parse.ts';
import { referencesIn } from './mapping/references.ts';
import { MappingSyntaxError } from './mapping/syntax.ts';
import { parseTemplate, parseUrlTemplate, type Template, type UrlTemplate } from './url-template.ts';

/** Expands `${VARIABLES}` in a text. Adds a problem and returns `undefined` where a variable cannot be expanded. */
export type Expander = (text: string, node: ASTNode, connectorProblems: ConnectorProblem[]) => string | undefined;

type Fields = ReadonlyMap<string, ConstValueNode>;

/** Headers of the connection or the message framing, which connectors cannot set (RFC 9110, section 7.6.1). */
const RESERVED_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads the arguments of `@source` and `@connect`. Adds problems to `connectorProblems`. */
export class ArgumentReader {
  readonly connectorProblems: ConnectorProblem[];
  /** Uses of variables in everything read so far, in order. */
  readonly references: PlacedReference[] = [];
  readonly #expand: Expander;

  constructor(expand: Expander, connectorProblems: ConnectorProblem[]) {
    this.#expand = expand;
    this.connectorProblems = connectorProblems;
  }

  /** Returns the arguments of a directive by name. */
  fields(node: ConstDirectiveNode, known: readonly string[]): Fields {
    return this.#members(node.arguments ?? [], known, `@${node.name.value}`);
  }

  /** Returns the members of an input object by name. */
  object(value: ConstValueNode | undefined, known: readonly string[]): Fields | undefined {
    if (value === undefined || value.kind === Kind.NULL) return undefined;
    if (value.kind !== Kind.OBJECT) {
      this.#addProblem(value, 'INVALID_ARGUMENT', 'Expected an object.', `Its members are ${known.join(', ')}.`);
      return undefined;
    }
    return this.#members(value.fields, known, 'this object');
  }

  string(value: ConstValueNode | undefined): string | undefined {
    return this.#stringNode(value)?.value;
  }

  flag(value: ConstValueNode | undefined): boolean {
    return value?.kind === Kind.BOOLEAN && value.value;
  }

  mapping(value: ConstValueNode | undefined): Mapping | undefined {
    const node = this.#stringNode(value);
    if (node === undefined) return undefined;
    const expression = this.#parsed(node, 'INVALID_MAPPING', () => parseMapping(node.value));
    if (expression === undefined) return undefined;
    this.connectorProblems.push(...checkMethods(expression, node));
    return { expression, node };
  }

  /** Returns the uses of variables in a mapping. */
  referencesOf({ expression, node }: Mapping): readonly PlacedReference[] {
    return referencesIn(expression).map((reference) => ({ ...reference, node }));
  }

  url(value: ConstValueNode | undefined): UrlTemplate | undefined {
    const node = this.#stringNode(value);
    const text = node && this.#expand(node.value, node, this.connectorProblems);
    if (node === undefined || text === undefined) return undefined;
    const url = this.#parsed(node, 'INVALID_URL', () => parseUrlTemplate(text));
    for (const template of url === undefined ? [] : templatesOf(url)) this.#collectReferences(template, node);
    return url;
  }

  /** Returns the HTTP method of a connector with its URL. Exactly one of `GET`, `POST`… must be set. */
  target(node: ConstDirectiveNode, http: Fields): { method: HttpMethod; url: UrlTemplate } | undefined {
    const methods = HTTP_METHODS.filter((method) => http.has(method));
    const [method, second] = methods;
    if (method === undefined || second !== undefined) {
      const message = method === undefined ? 'The connector has no HTTP method.' : `It has ${methods.join(' and ')}.`;
      const hint = `Use one of ${HTTP_METHODS.join(', ')}, as in http: {GET: "/users"}.`;
      this.#addProblem(node, method === undefined ? 'MISSING_HTTP_METHOD' : 'MULTIPLE_HTTP_METHODS', message, hint);
      return undefined;
    }
    const url = this.url(http.get(method));
    return url && { method, url };
  }

  headers(value: ConstValueNode | undefined): HeaderRule[] {
    const nodes = value?.kind === Kind.LIST ? value.values : value === undefined ? [] : [value];
    return nodes.flatMap((node) => this.#header(node) ?? []);
  }

  batchSize(value: ConstValueNode | undefined): number | undefined {
    const size = this.object(value, ['maxSize'])?.get('maxSize');
    if (size === undefined) return undefined;
    const number = size.kind === Kind.INT ? Number(size.value) : 0;
    if (number >= 1) return number;
    this.#addProblem(size, 'INVALID_BATCH_SIZE', 'maxSize must be a whole number, 1 or more.');
    return undefined;
  }

  /** Reads the arguments that `@source` and `@connect` share. */
  shared(args: Fields, http: Fields): ErrorMappings & UrlAdditions {
    const errors = this.object(args.get('errors'), ['message', 'extensions']);
    return {
      message: this.#singleValue(errors?.get('message')),
      extensions: this.#mappingWithReferences(errors?.get('extensions')),
      isSuccess: this.#singleValue(args.get('isSuccess')),
      path: this.#mappingWithReferences(http.get('path')),
      queryParams: this.#mappingWithReferences(http.get('queryParams')),
    };
  }

  body(value: ConstValueNode | undefined): Mapping | undefined {
    return this.#mappingWithReferences(value);
  }

  /** Reads a mapping of a single value. A selection such as `reason` is invalid: its value is the object `{reason: …}`. */
  #singleValue(value: ConstValueNode | undefined): Mapping | undefined {
    const mapping = this.#mappingWithReferences(value);
    if (mapping?.expression.kind !== 'selection') return mapping;
    const [field] = mapping.expression.fields;
    const hint = `Use a path, such as $.${field?.kind === 'named' ? field.name : 'message'}.`;
    this.connectorProblems.push(
      problemAt(
        mapping.node,
        'INVALID_MAPPING',
        'The value of this mapping is an object; expected a single value.',
        hint,
        0,
      ),
    );
    return undefined;
  }

  #mappingWithReferences(value: ConstValueNode | undefined): Mapping | undefined {
    const mapping = this.mapping(value);
    if (mapping !== undefined) this.references.push(...this.referencesOf(mapping));
    return mapping;
  }

  #collectReferences(template: Template, node: StringValueNode): void {
    for (const part of template.parts) {
      if (typeof part === 'string') continue;
      this.connectorProblems.push(...checkMethods(part.expression, node));
      this.references.push(...this.referencesOf({ expression: part.expression, node }));
    }
  }

  #header(node: ConstValueNode): HeaderRule | undefined {
    const fields = this.object(node, ['name', 'from', 'value']);
    const name = this.string(fields?.get('name'))?.toLowerCase();
    if (fields === undefined || name === undefined) return undefined;
    if (!HEADER_NAME.test(name) || RESERVED_HEADERS.has(name)) {
      const why = RESERVED_HEADERS.has(name)
        ? 'belongs to the connection and cannot be set'
        : 'is not a valid header name';
      this.#addProblem(fields.get('name') ?? node, 'INVALID_HEADER', `"${name}" ${why}.`);
      return undefined;
    }
    const [from, value] = [this.string(fields.get('from')), this.#stringNode(fields.get('value'))];
    if ((from === undefined) === (value === undefined)) {
      const hint = 'Use `from` to forward a header of the client, or `value` to set a header.';
      this.#addProblem(node, 'INVALID_HEADER', `The header "${name}" needs one of "from" and "value".`, hint);
      return undefined;
    }
    if (from !== undefined) return { name, from: from.toLowerCase() };
    const text = value && this.#expand(value.value, value, this.connectorProblems);
    if (value === undefined || text === undefined) return undefined;
    const template = this.#parsed(value, 'INVALID_HEADER', () => parseTemplate(text));
    if (template === undefined) return undefined;
    this.#collectReferences(template, value);
    return { name, value: template };
  }

  #members(
    nodes: readonly { readonly name: { readonly value: string }; readonly value: ConstValueNode }[],
    known: readonly string[],
    where: string,
  ): Fields {
    const fields = new Map<string, ConstValueNode>();
    for (const { name, value } of nodes) {
      if (known.includes(name.value)) fields.set(name.value, value);
      else
        this.#addProblem(
          value,
          'UNKNOWN_ARGUMENT',
          `${where} has no argument "${name.value}".`,
          didYouMean(name.value, known),
        );
    }
    return fields;
  }

  #stringNode(value: ConstValueNode | undefined): StringValueNode | undefined {
    if (value === undefined || value.kind === Kind.NULL) return undefined;
    if (value.kind === Kind.STRING) return value;
    this.#addProblem(value, 'INVALID_ARGUMENT', 'Expected a string.');
    return undefined;
  }

  #parsed<T>(node: StringValueNode, code: string, parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof MappingSyntaxError)) throw error;
      this.connectorProblems.push(problemAt(node, code, error.message, error.hint, error.offset));
      return undefined;
    }
  }

  #addProblem(node: ASTNode, code: string, message: string, hint?: string): void {
    this.connectorProblems.push(problemAt(node, code, message, hint));
  }
}

function templatesOf({ segments, query }: UrlTemplate): Template[] {
  return [...segments, ...query.flatMap(([name, value]) => (value === undefined ? [name] : [name, value]))];
}
