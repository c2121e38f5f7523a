import type { ServerResponse } from 'node:http';
import { type ClientResponse, clientWritesOf } from './client-writes.ts';
import type { HttpResponse } from './response.ts';
import { joinVary } from './vary.ts';

/**
 * Writes a whole response; leaves out the body for HEAD. Does nothing when the client has disconnected. Every response of the
 * gateway that is not a stream is written here. Throws `OverloadedError` before anything is written, if there is no memory for a
 * large body that the client may not take at once.
 * @param common headers of any response to this request; those of the response itself take precedence
 * @param mustSend whether it is written in any case: it reports what a mutation has done
 */
export function writeResponse(
  res: ServerResponse,
  response: HttpResponse,
  common?: Readonly<Record<string, string>>,
  requestId?: string,
  mustSend = false,
): void {
  if (res.destroyed || res.headersSent) return;
  const { status, headers, body } = response;
  const { responseHook } = res as ClientResponse;
  if (responseHook !== undefined)
    return responseHook.write(res, { status, headers: allHeaders(headers, common, requestId), body }, mustSend);
  const writes = clientWritesOf(res);
  if (!mustSend) writes?.check(body);
  res.writeHead(status, linesOf(res, response, common, requestId));
  if (writes === undefined) res.end(body);
  else writes.end(res, body);
}

/** Returns names and values in turn: the flat form of node:http saves an object that node would only iterate over. */
function linesOf(
  res: ServerResponse,
  { status, headers, body, reused }: HttpResponse,
  common: Readonly<Record<string, string>> | undefined,
  requestId: string | undefined,
): string[] {
  // headers that were set for one request may add to `vary`
  const isKept = reused !== undefined && requestId !== undefined && res.getHeader('vary') === undefined;
  const kept = isKept ? reused.lines : undefined;
  if (kept !== undefined && kept.common === common) {
    kept.list[kept.list.length - 1] = requestId as string;
    return kept.list;
  }
  const list: (string | number)[] = [];
  for (const name in common) if (headers[name] === undefined) list.push(name, common[name] as string);
  for (const name in headers) if (name !== 'vary') list.push(name, headers[name] as string);
  if (headers.vary !== undefined) list.push('vary', wholeVary(res, common?.vary, String(headers.vary)));
  if (headers['content-length'] === undefined && hasContent(status))
    list.push('content-length', Buffer.byteLength(body));
  if (requestId !== undefined) list.push('x-request-id', requestId);
  if (isKept) reused.lines = { common, list: list as string[] };
  return list as string[];
}

/** Returns the headers of a response with those of any response to its request. */
function allHeaders(
  own: HttpResponse['headers'],
  common: Readonly<Record<string, string>> = {},
  requestId: string | undefined,
): HttpResponse['headers'] {
  const all: Record<string, string | number> = { ...common, ...own };
  if (own.vary !== undefined) all.vary = joinVary(common.vary ?? '', String(own.vary));
  if (requestId !== undefined) all['x-request-id'] = requestId;
  return all;
}

/** Returns the value of `Vary`: the response's own, and what CORS, login and headers of subgraphs add. */
function wholeVary(res: ServerResponse, common: string | undefined, own: string): string {
  const added = joinVary(String(res.getHeader('vary') ?? ''), common ?? '');
  return joinVary(added, own);
}

/** A 204 has no content, and the `content-length` of a 304 would be that of the response that it stands for. */
export function hasContent(status: number): boolean {
  return status !== 204 && status !== 304;
}
