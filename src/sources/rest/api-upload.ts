import type { Readable } from 'node:stream';
import { isObject, textOfScalar } from '../../connectors/mapping/json.ts';
import { TemplateError } from '../../connectors/url-template.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import { findFiles, type PlacedFiles } from '../../shared/uploads/find-files.ts';
import { UploadedFile } from '../../shared/uploads/uploaded-file.ts';
import { type BodyPart, DEFAULT_TYPE, FileTakenError, MultipartBody, openFile } from '../multipart-body.ts';
import { ApiRefusal } from './api-refusal.ts';

/** A body with files: one file as it is, or the parts of multipart/form-data. */
export type ApiUpload = { readonly file: UploadedFile } | { readonly parts: readonly BodyPart[] };

/**
 * Returns the body with files; `undefined` for a body that is a text. Throws `TemplateError` where a file cannot be sent.
 *
 * A file as the whole body is sent as it is. In a body whose content type is multipart/form-data, each member is a part, and each item of
 * a list.
 */
export function readUpload(
  body: unknown,
  headers: Readonly<Record<string, string>>,
  method: string,
): ApiUpload | undefined {
  if (body === undefined) return undefined;
  const isForm = headers['content-type']?.toLowerCase().startsWith('multipart/form-data') === true;
  if (method === 'GET' && (isForm || hasFiles(body))) throw new TemplateError('A GET cannot send a file');
  if (body instanceof UploadedFile && !isForm) return { file: body };
  if (isForm) return { parts: partsOf(body) };
  if (!hasFiles(body)) return undefined;
  throw new TemplateError(
    'A file must be the whole body, or a member of a body with the header content-type: multipart/form-data',
  );
}

function hasFiles(body: unknown): boolean {
  const found: PlacedFiles = new Map();
  findFiles(body, '', found);
  return found.size > 0;
}

function partsOf(body: unknown): BodyPart[] {
  if (!isObject(body))
    throw new TemplateError('The body of multipart/form-data must be an object, with a member for each part');
  return Object.entries(body).flatMap(([name, given]) => {
    const items = (Array.isArray(given) ? given : [given]).filter((item) => item !== null && item !== undefined);
    return items.map((item): BodyPart => {
      if (item instanceof UploadedFile) return [name, item];
      if (hasFiles(item)) throw new TemplateError(`The part "${name}" has a file inside of an object`);
      return [name, textOfScalar(item) ?? stringifyJson(item) ?? ''];
    });
  });
}

/** Opens the body of an upload. Resolves when its headers are known, and rejects with `ApiRefusal` where a file cannot be sent. */
export async function openUpload(
  subgraph: string,
  upload: ApiUpload,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly headers: Record<string, string>; readonly body: Readable }> {
  try {
    if ('parts' in upload) {
      const body = new MultipartBody(upload.parts);
      if (body.destroyed) throw new Error('The upload has ended.');
      return { headers: { ...headers, 'content-type': body.contentType }, body };
    }
    const { file } = upload;
    const body = await arrived(file);
    // set by a rule of the connector, or the one of JSON bodies
    const isOwn = headers['content-type'] !== 'application/json';
    return { headers: isOwn ? headers : { ...headers, 'content-type': file.mediaType ?? DEFAULT_TYPE }, body };
  } catch (error) {
    const reason = error instanceof FileTakenError ? error.message : 'the upload has ended';
    const message = `Subgraph "${subgraph}" did not answer: ${reason}.`;
    throw new ApiRefusal({ code: 'SUBREQUEST_HTTP_ERROR', message, reason });
  }
}

function arrived(file: UploadedFile): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const content = openFile(file, () => queueMicrotask(() => resolve(content)));
    if (content.destroyed) reject(new Error('The upload has ended.'));
    content.once('close', () => reject(new Error('The upload has ended.')));
  });
}
