import type { IncomingHttpHeaders } from 'node:http';
import type { RequestContext } from '../../http/request-context.ts';
import type { GraphqlCall, GraphqlParams } from '../../pipeline/operation-context.ts';
import type { CsrfCheck } from '../../policy/requests/csrf.ts';
import type { ByteBudget } from '../../shared/byte-budget.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { operationInBody, type RequestedOperation } from '../graphql-over-http.ts';
import { parseBoundedJson } from '../parse-body.ts';
import { readMultipart, type UploadLimits } from './read-multipart.ts';
import { placeFiles } from './upload-map.ts';

export interface UploadReaderOptions {
  /** Limits of files. Without it, there are none. */
  readonly uploads?: UploadLimits | undefined;
  readonly maxRequestBytes: number;
  readonly byteBudget?: ByteBudget | undefined;
  readonly csrf?: CsrfCheck | undefined;
}

/**
 * Reads the operation of a request with files, whose variables have `UploadedFile`s. The files are still to arrive; the context has them
 * as `uploads`. Rejects with `GatewayError` (400, 413, 415) or `ClientDisconnected`.
 * @param complete completes the parameters with the text of the document
 */
export async function readUpload(
  context: RequestContext,
  { uploads: limits, maxRequestBytes, byteBudget, csrf }: UploadReaderOptions,
  complete: (requested: RequestedOperation, context: RequestContext) => GraphqlParams | Promise<GraphqlParams>,
): Promise<GraphqlCall> {
  const { req, res } = context;
  if (limits === undefined) throw uploadsDisabled();
  if (csrf && !csrf(req.headers)) throw csrfError();
  if (hasCoding(req.headers)) throw encodedUpload();
  const parse = (text: string, field: string) => parseBoundedJson(text, `field "${field}"`);
  const { text, operations, map, uploads } = await readMultipart(req, {
    ...limits,
    maxFieldBytes: maxRequestBytes,
    byteBudget,
    parse,
  });
  try {
    if (Array.isArray(operations)) throw batched();
    const requested = operationInBody(operations);
    placeFiles(operations, map, uploads.files);
    const params = await complete(requested, context);
    context.uploads = uploads;
    res.once('close', () => uploads.close());
    return { params, text, readOnly: false };
  } catch (error) {
    uploads.close();
    throw error;
  }
}

function hasCoding(headers: IncomingHttpHeaders): boolean {
  const coding = headers['content-encoding'];
  return coding !== undefined && coding.trim().toLowerCase() !== 'identity';
}

/** Returns the error for a request with files where there may be none. */
export function uploadsDisabled(): GatewayError {
  const message =
    "The request's content type is multipart/form-data; expected application/json in UTF-8. File uploads are off: to allow them, set " +
    'file_upload.enabled.';
  return new GatewayError(415, 'UNSUPPORTED_MEDIA_TYPE', message, { headers: { accept: 'application/json' } });
}

function encodedUpload(): GatewayError {
  const message = 'A body of multipart/form-data must not have a "content-encoding". Send it as it is.';
  return new GatewayError(415, 'UNSUPPORTED_MEDIA_TYPE', message, { headers: { 'accept-encoding': 'identity' } });
}

function csrfError(): GatewayError {
  const message =
    'A page of another site could have made this upload: browsers send multipart/form-data without asking first. Send one of the headers ' +
    'of csrf.required_headers: "apollo-require-preflight: true".';
  return new GatewayError(400, 'CSRF_ERROR', message);
}

function batched(): GatewayError {
  const message =
    'The field "operations" is an array; a request with files has one operation. Send each operation by itself.';
  return new GatewayError(400, 'BATCHING_NOT_SUPPORTED', message);
}
