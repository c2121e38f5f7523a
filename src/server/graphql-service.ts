import type { Logger } from '../telemetry/logger.ts';
import { ClientGone, readBody } from './body-reader.ts';
import type { Exchange } from './exchange.ts';
import {
  answerReply,
  type HttpReply,
  JSON_TYPE,
  paramsFromBody,
  paramsFromUrl,
  refusalReply,
} from './graphql-pipeline.ts';
import { negotiateMediaType } from './media-type.ts';
import type { GraphqlCall, OperationRunner } from './operation-runner.ts';
import { RequestRefusal } from './request-refusal.ts';

export interface GraphqlServiceOptions {
  readonly runner: OperationRunner;
  readonly maxRequestBytes: number;
  readonly logger: Logger;
}

/**
 * The way of a GraphQL request through the host, in steps. Both lanes, the plain one (plain-lane.ts) and Yoga's
 * (yoga-lane.ts), take these steps and no others.
 */
export interface GraphqlService {
  /** Throws `RequestRefusal` (400, 406, 413, 415) or `ClientGone`. */
  read(exchange: Exchange): Promise<GraphqlCall>;
  /** Throws `RequestRefusal` (503, 504), or whatever went wrong inside. */
  answer(exchange: Exchange, call: GraphqlCall): Promise<HttpReply>;
  /** What to answer when a step threw; an error that is not meant for clients is logged and masked. */
  refuse(exchange: Exchange, error: unknown): HttpReply;
}

export function createGraphqlService({ runner, maxRequestBytes, logger }: GraphqlServiceOptions): GraphqlService {
  return {
    async read(exchange) {
      const { req } = exchange;
      // Before anything is executed: a mutation whose answer cannot be delivered should not happen.
      if (negotiateMediaType(req.headers.accept) === undefined) throw notAcceptable();
      if (req.method === 'GET') {
        return { params: paramsFromUrl(searchOf(req.url ?? '')), text: '', readOnly: true };
      }
      if (!isPlainJson(req.headers)) throw unsupportedMediaType(req.headers);
      const text = await readBody(req, maxRequestBytes);
      return { params: paramsFromBody(text), text, readOnly: false };
    },

    async answer(exchange, call) {
      return answerReply(await runner.run(exchange, call), contentTypeFor(exchange));
    },

    refuse(exchange, error) {
      return refusalReply(toRefusal(error, exchange, logger), contentTypeFor(exchange));
    },
  };
}

/** An error that is no `RequestRefusal` is the gateway's own fault: the log gets it, the client gets a masked one. */
export function toRefusal(error: unknown, exchange: Exchange, logger: Logger): RequestRefusal {
  if (error instanceof RequestRefusal) return error;
  if (error instanceof ClientGone) return new RequestRefusal(400, 'BAD_REQUEST', error.message);
  logger.error({ requestId: exchange.requestId, err: error }, 'request failed inside the gateway');
  return new RequestRefusal(500, 'INTERNAL_SERVER_ERROR', 'Internal server error');
}

interface BodyHeaders {
  readonly 'content-type'?: string | undefined;
  readonly 'content-encoding'?: string | undefined;
}

/** `application/json` in UTF-8 (or with no charset, which means UTF-8), not compressed. */
export function isPlainJson(headers: BodyHeaders): boolean {
  const type = headers['content-type'];
  const encoding = headers['content-encoding'];
  if (type === undefined || (encoding !== undefined && encoding !== 'identity')) return false;
  return type === 'application/json' || JSON_CONTENT_TYPE.test(type);
}

const JSON_CONTENT_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i;

function unsupportedMediaType(headers: BodyHeaders): RequestRefusal {
  const type = headers['content-type'] ?? 'none';
  const encoding = headers['content-encoding'];
  const sent = encoding === undefined ? type : `${type} with content-encoding ${encoding}`;
  const message = `The request's content type is ${sent}; expected application/json in UTF-8, not compressed.`;
  return new RequestRefusal(415, 'UNSUPPORTED_MEDIA_TYPE', message, { accept: 'application/json' });
}

function notAcceptable(): RequestRefusal {
  const message = 'The "accept" header allows neither application/graphql-response+json nor application/json.';
  return new RequestRefusal(406, 'NOT_ACCEPTABLE', message);
}

function contentTypeFor({ req }: Exchange): string {
  return negotiateMediaType(req.headers.accept) ?? JSON_TYPE;
}

function searchOf(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
}
