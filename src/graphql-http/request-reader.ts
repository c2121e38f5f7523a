import { isFormData } from '../client/media-type.ts';
import { readBody } from '../http/body-reader.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { GraphqlCall, GraphqlParams } from '../pipeline/operation-context.ts';
import type { PersistedDocuments } from '../policy/persisted/persisted-documents.ts';
import type { CsrfCheck } from '../policy/requests/csrf.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { parametersNotUtf8 } from '../shared/query-text.ts';
import { queryOf } from '../shared/url-path.ts';
import { isRecord, operationInBody, operationInUrl, type RequestedOperation, withQuery } from './graphql-over-http.ts';
import { parseBody } from './parse-body.ts';
import type { UploadLimits } from './uploads/read-multipart.ts';
import { readUpload } from './uploads/read-upload.ts';

export interface RequestReaderOptions {
  readonly maxRequestBytes: number;
  /** Counts the bytes of long bodies while they arrive. By default they are not counted. */
  readonly byteBudget?: ByteBudget | undefined;
  /** Returns whether a GET is safe from CSRF. By default all GETs are accepted. */
  readonly csrf?: CsrfCheck | undefined;
  /** Documents with ids. Default none. */
  readonly documents?: PersistedDocuments | undefined;
  /** The most operations of one request. Without it, arrays are refused. */
  readonly maxBatch?: number | undefined;
  /** Limits of files. Without it, multipart/form-data is refused. */
  readonly uploads?: UploadLimits | undefined;
}

/** Several operations of one request, in order. An operation that cannot be executed is an error in its place. */
export interface GraphqlBatch {
  readonly calls: readonly (GraphqlCall | GatewayError)[];
}

/** Reads the operations of a GET or POST. Rejects with `GatewayError` (400, 413) or `ClientDisconnected`. */
export type RequestReader = (context: RequestContext) => Promise<GraphqlCall | GraphqlBatch>;

export function createRequestReader(options: RequestReaderOptions): RequestReader {
  const { csrf, documents, maxBatch } = options;

  function complete(
    requested: RequestedOperation,
    { plugins }: RequestContext,
  ): GraphqlParams | Promise<GraphqlParams> {
    if (documents === undefined) return withQuery(requested, requested.query);
    const { query, documentId: id, extensions } = requested;
    const hash = extensions == null ? undefined : hashIn(extensions);
    if (documents.acceptsPlainText && id === undefined && hash === undefined) return withQuery(requested, query);
    const resolve = () => documents.resolve({ query, id, hash });
    const text = plugins?.hooks.onStage ? plugins.observe('persisted document', resolve) : resolve();
    return text instanceof Promise ? text.then((found) => withQuery(requested, found)) : withQuery(requested, text);
  }

  const finish: typeof complete = (requested, context) =>
    complete(documents?.acceptsIdInPath ? withIdInPath(requested, context.req.url ?? '') : requested, context);

  async function batch(items: readonly unknown[], context: RequestContext): Promise<GraphqlBatch> {
    if (maxBatch === undefined) {
      const message = 'The request body is an array; batches of operations are not supported here.';
      throw new GatewayError(400, 'BATCHING_NOT_SUPPORTED', message);
    }
    if (items.length === 0) throw new GatewayError(400, 'BAD_REQUEST', 'The batch has no operation.');
    if (items.length > maxBatch) {
      const message = `The batch has ${items.length} operations; ${maxBatch} are allowed (batching.maximum_size).`;
      throw new GatewayError(400, 'BATCH_LIMIT_EXCEEDED', message);
    }
    const read = async (item: unknown) => {
      const params = await complete(operationInBody(item), context);
      return { params, text: stringifyJson(item) ?? '', readOnly: false };
    };
    return { calls: await Promise.all(items.map((item) => read(item).catch(asRefusal))) };
  }

  return async (context) => {
    const { req } = context;
    if (req.method === 'GET') {
      if (csrf && !csrf(req.headers)) throw csrfError();
      const requested = operationInUrl(searchOf(req.url ?? ''));
      return { params: await complete(requested, context), text: '', readOnly: true };
    }
    if (isFormData(req.headers)) return readUpload(context, options, finish);
    const text = await readBody(req, options.maxRequestBytes, options.byteBudget);
    const value = parseBody(text);
    if (Array.isArray(value)) return batch(value, context);
    const requested = operationInBody(value);
    const params = finish(requested, context);
    return { params: params instanceof Promise ? await params : params, text, readOnly: false };
  };
}

/** Returns the document id of the URL: `/graphql/ID` is rewritten to `/graphql?documentId=ID` before. */
function withIdInPath(requested: RequestedOperation, url: string): RequestedOperation {
  if (requested.documentId !== undefined || !url.includes('?')) return requested;
  return { ...requested, documentId: searchOf(url).get('documentId') ?? undefined };
}

function hashIn(extensions: Readonly<Record<string, unknown>>): string | undefined {
  const { persistedQuery } = extensions;
  if (persistedQuery == null) return undefined;
  if (isRecord(persistedQuery) && typeof persistedQuery.sha256Hash === 'string') return persistedQuery.sha256Hash;
  const message = '"extensions.persistedQuery" must be an object with a "sha256Hash".';
  throw new GatewayError(400, 'BAD_REQUEST', message);
}

function asRefusal(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  throw error;
}

function csrfError(): GatewayError {
  const message =
    'This GET could have been made by a page of another site. Send a content type of "application/json", or one of ' +
    'the headers of csrf.required_headers: "apollo-require-preflight: true".';
  return new GatewayError(400, 'CSRF_ERROR', message);
}

function searchOf(url: string): URLSearchParams {
  const query = queryOf(url);
  const [name] = parametersNotUtf8(query);
  if (name === undefined) return new URLSearchParams(query);
  throw new GatewayError(400, 'BAD_REQUEST', `The URL parameter "${name}" is not percent-encoded UTF-8.`);
}
