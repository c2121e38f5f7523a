import type { Connector, HeaderRule, Mapping } from '../../connectors/connector.ts';
import { mapRequest } from '../../connectors/mapping/evaluate.ts';
import { isObject, textOfScalar } from '../../connectors/mapping/json.ts';
import type { Variables } from '../../connectors/mapping/scope.ts';
import {
  encode,
  expandQuery,
  expandSegments,
  expandTemplate,
  isPathTraversal,
  TemplateError,
  type UrlTemplate,
} from '../../connectors/url-template.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { ClientContext } from '../source.ts';
import { type ApiUpload, readUpload } from './api-upload.ts';
import { encodeForm } from './form.ts';

/** A request to an API. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** The body with files, which is sent while they arrive. */
  readonly upload?: ApiUpload | undefined;
}

/** Input for the request of a connector. */
interface RequestInput {
  /** The base URL. */
  readonly base: UrlTemplate;
  readonly variables: Variables;
  readonly client: ClientContext;
  /** Headers of every call: a flat list of names and values. */
  readonly sent?: readonly string[] | undefined;
}

/** Builds the request of a connector. Throws `TemplateError` when the variables do not form a valid request. */
export function writeRequest(connector: Connector, input: RequestInput): ApiRequest {
  const { variables } = input;
  const headers = headersOf(connector, input);
  const body = connector.body === undefined ? undefined : mapRequest(connector.body.expression, variables);
  const { method } = connector;
  const path = `/${pathOf(connector, input)}${queryOf(connector, input)}`;
  const upload = readUpload(body, headers, method);
  if (upload) return { method, path, headers, body: undefined, upload };
  return { method, path, headers, body: body === undefined ? undefined : bodyText(body, headers) };
}

function pathOf({ source, url, path }: Connector, { base, variables }: RequestInput): string {
  const front = [...expandSegments(base.segments, variables), ...segmentsFrom(source?.path, variables)];
  const back = [...expandSegments(url.segments, variables), ...segmentsFrom(path, variables)];
  // `http://api/v1/` and `/users` meet in one slash
  if (back.length > 0) while (front.at(-1) === '') front.pop();
  return [...front, ...back].join('/');
}

function segmentsFrom(mapping: Mapping | undefined, variables: Variables): string[] {
  const value = mapping && mapRequest(mapping.expression, variables);
  if (value === undefined || value === null) return [];
  const items = Array.isArray(value) ? value : [value];
  return items.flatMap((item) => {
    if (item === null || item === undefined) return [];
    const text = encode(textOfScalar(item) ?? '');
    if (text === '' || isPathTraversal(text))
      throw new TemplateError(
        `"path" has a segment that does not form a valid path: ${JSON.stringify(item).slice(0, 100)}`,
      );
    return [text];
  });
}

function queryOf({ source, url, queryParams }: Connector, { base, variables }: RequestInput): string {
  const pairs = [
    ...expandQuery(base.query, variables),
    ...pairsFrom(source?.queryParams, variables),
    ...expandQuery(url.query, variables),
    ...pairsFrom(queryParams, variables),
  ];
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Returns query parameters. Omits nulls, and repeats the parameter for each item of a list. */
function pairsFrom(mapping: Mapping | undefined, variables: Variables): string[] {
  const value = mapping && mapRequest(mapping.expression, variables);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, given]) => {
    const items = (Array.isArray(given) ? given : [given]).filter((item) => item !== null && item !== undefined);
    return items.map((item) => {
      const text = textOfScalar(item);
      if (text === undefined) throw new TemplateError(`The parameter "${name}" is not a single value`);
      return `${encode(name)}=${encode(text)}`;
    });
  });
}

/** Returns all headers. The connector's take precedence over its source's, and those over the headers of every call. */
function headersOf(
  { source, headers, body }: Connector,
  { variables, client, sent = [] }: RequestInput,
): Record<string, string> {
  const all: Record<string, string> = {};
  for (let at = 0; at + 1 < sent.length; at += 2) all[sent[at] as string] = sent[at + 1] as string;
  all.accept = 'application/json';
  all['x-request-id'] = client.requestId;
  if (body !== undefined) all['content-type'] = 'application/json';
  for (const rule of [...(source?.headers ?? []), ...headers]) {
    const value = headerValue(rule, variables, client);
    if (value !== undefined) all[rule.name] = value;
  }
  return all;
}

function headerValue(rule: HeaderRule, variables: Variables, client: ClientContext): string | undefined {
  const given = 'from' in rule ? client.headers[rule.from] : expandTemplate(rule.value, variables);
  const text = Array.isArray(given) ? given.join(', ') : given;
  // a header without a value is not sent
  if (text === undefined || text === '') return undefined;
  if (!/[^\t\x20-\x7e\x80-\xff]/.test(text)) return text;
  throw new TemplateError(`The header "${rule.name}" has a character that is not allowed in headers`);
}

function bodyText(value: unknown, headers: Readonly<Record<string, string>>): string {
  const form = headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true;
  return form ? encodeForm(value) : stringifyJson(value ?? null);
}
