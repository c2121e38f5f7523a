import { setImmediate as nextTurn } from 'node:timers/promises';
import { charsetOf, isJsonType, parseMediaType } from '../client/media-type.ts';
import type { EngineAnswer } from '../engine/engine.ts';
import { shorten } from '../operation/print-value.ts';
import type { GatheredHeaders } from '../policy/headers/response-headers.ts';
import { READABLE_CODINGS } from '../shared/content-codings.ts';
import { isUtf8Charset } from '../shared/decode-text.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ClientGone } from '../http/body-reader.ts';
import type { CacheHeaders } from './cache-headers.ts';
import type { Exchange } from '../http/request-context.ts';
import { answerReply, type HttpReply, JSON_TYPE, refusalReply, textReply } from './graphql-over-http.ts';
import { negotiateMediaType } from './media-type.ts';
import type { GraphqlCall, OperationRunner } from '../pipeline/run-operation.ts';
import type { ReplySender } from './compressed-response.ts';
import type { GraphqlBatch, RequestReader } from './request-reader.ts';
import { RequestRefusal } from '../http/gateway-error.ts';

export interface GraphqlServiceOptions {
  readonly runner: OperationRunner;
  readonly reader: RequestReader;
  readonly sender: ReplySender;
  readonly logger: Logger;
  /** What caches are told of answers that say how long they hold; nothing without it. */
  readonly cacheHeaders?: CacheHeaders | undefined;
  /** Told of each request that is refused for what it is. */
  readonly onRefusal?: ((refusal: RequestRefusal) => void) | undefined;
}

/**
 * The way of a GraphQL request through the host, in steps. Both lanes, the plain one (plain-lane.ts) and Yoga's
 * (yoga-lane.ts), take these steps and no others.
 */
export interface GraphqlService {
  /** Throws `RequestRefusal` (400, 406, 413, 415) or `ClientGone`. */
  read(exchange: Exchange): Promise<GraphqlCall | GraphqlBatch>;
  /** Rejects with `RequestRefusal` (429, 503, 504), or whatever went wrong inside. */
  answer(exchange: Exchange, call: GraphqlCall | GraphqlBatch): Promise<HttpReply>;
  /** What to answer when a step threw; an error that is not meant for clients is logged and masked. */
  refuse(exchange: Exchange, error: unknown): HttpReply;
  /** Sends what the other steps gave; returns a promise only where that takes time. */
  send(exchange: Exchange, reply: HttpReply): void | Promise<void>;
}

export function createGraphqlService(options: GraphqlServiceOptions): GraphqlService {
  const { runner, reader, cacheHeaders, sender } = options;
  const refuse = (exchange: Exchange, error: unknown) =>
    refusalReply(toRefusal(error, exchange, options), contentTypeFor(exchange));

  const answerOne = (exchange: Exchange, call: GraphqlCall) => {
    exchange.operationName = call.params.operationName ?? undefined;
    return runner.run(exchange, call).then((answer) => replyTo(exchange, answer));
  };

  function replyTo(exchange: Exchange, answer: EngineAnswer): HttpReply {
    const { life } = answer;
    exchange.operation = answer.operation;
    if (answer.errors.length > 0) exchange.errors = answer.errors;
    // what a rule for headers has taken over from a subgraph goes before
    const tells = life !== undefined && cacheHeaders !== undefined && !exchange.res.hasHeader('cache-control');
    const caching = tells ? cacheHeaders(life, exchange) : undefined;
    return answerReply(answer, contentTypeFor(exchange), caching, exchange.shared);
  }

  /** Each operation is a request of its own, and what it came to stands in its place. */
  async function answerBatch(exchange: Exchange, { calls }: GraphqlBatch): Promise<HttpReply> {
    const gathered: GatheredHeaders[] = [];
    const items = calls.map((call, index) => {
      const takeHeaders = (headers: GatheredHeaders) => {
        gathered[index] = headers;
      };
      return { call, exchange: { ...exchange, onGone: undefined, shared: undefined, takeHeaders } as Exchange };
    });
    exchange.onGone = () => {
      for (const item of items) item.exchange.onGone?.();
    };
    let turn = Promise.resolve();
    const replies = await Promise.all(
      items.map(async (item, index) => {
        // each begins in a turn of the event loop of its own: together, large ones would hold it for long
        if (index > 0) turn = turn.then(nextTurn);
        await turn;
        if (item.call instanceof RequestRefusal) return refuse(item.exchange, item.call);
        return answerOne(item.exchange, item.call).catch((error: unknown) => refuse(item.exchange, error));
      }),
    );
    writeTogether(gathered, exchange);
    noteTogether(
      items.map((item) => item.exchange),
      exchange,
    );
    const last = items.at(-1)?.exchange;
    if (last) exchange.headers = last.headers;
    return textReply(200, contentTypeFor(exchange), `[${replies.map(({ body }) => String(body)).join(',')}]`);
  }

  return {
    read(exchange) {
      const { headers, method } = exchange.req;
      // Before anything is executed: a mutation whose answer cannot be delivered should not happen.
      if (negotiateMediaType(headers.accept) === undefined) return Promise.reject(notAcceptable());
      if (sender.rulesOutAll(headers['accept-encoding'])) return Promise.reject(noCoding());
      if (method !== 'GET' && !isJsonRequest(headers)) return Promise.reject(unsupportedMediaType(headers));
      return reader(exchange);
    },
    answer: (exchange, call) => ('calls' in call ? answerBatch(exchange, call) : answerOne(exchange, call)),
    refuse,
    send: sender.send,
  };
}

/** The line of a batch in the log names all of its operations. */
function noteTogether(items: readonly Exchange[], exchange: Exchange): void {
  const names = items.flatMap(({ operation, operationName }) => operation?.name ?? operationName ?? []);
  const types = new Set(items.flatMap(({ operation }) => operation?.type ?? []));
  exchange.operation = { name: names.join(','), type: [...types].join(',') };
  exchange.errors = items.flatMap(({ errors }) => errors ?? []);
}

/** Headers of the operations of a batch stand in one response, in the order of the operations, whatever order they end in. */
function writeTogether(gathered: readonly (GatheredHeaders | undefined)[], { res }: Exchange): void {
  const [first, ...others] = gathered.filter((headers) => headers !== undefined);
  if (first === undefined) return;
  const all = first.copy();
  for (const headers of others) all.add(headers);
  all.writeTo(res);
}

/** An error that is no `RequestRefusal` is the gateway's own fault: the log gets it, the client gets a masked one. */
export function toRefusal(
  error: unknown,
  exchange: Exchange,
  { logger, onRefusal }: Pick<GraphqlServiceOptions, 'logger' | 'onRefusal'>,
): RequestRefusal {
  if (error instanceof RequestRefusal) {
    onRefusal?.(error);
    return error;
  }
  if (error instanceof ClientGone) return new RequestRefusal(400, 'BAD_REQUEST', error.message);
  logger.error({ requestId: exchange.requestId, err: error }, 'request failed inside the gateway');
  return new RequestRefusal(500, 'INTERNAL_SERVER_ERROR', 'Internal server error');
}

/** JSON in UTF-8, or with no charset, which means UTF-8. */
export function isJsonRequest(headers: { readonly 'content-type'?: string | undefined }): boolean {
  const type = headers['content-type'];
  return type === 'application/json' || (type !== undefined && isJsonInUtf8(type));
}

function isJsonInUtf8(text: string): boolean {
  const type = parseMediaType(text);
  if (type === undefined || !isJsonType(type.essence)) return false;
  const charset = charsetOf(type);
  return charset === undefined || isUtf8Charset(charset);
}

function unsupportedMediaType(headers: { readonly 'content-type'?: string | undefined }): RequestRefusal {
  const type = shorten(headers['content-type'] ?? 'none');
  const message = `The request's content type is ${type}; expected application/json in UTF-8.`;
  return new RequestRefusal(415, 'UNSUPPORTED_MEDIA_TYPE', message, { accept: 'application/json' });
}

/** The client wants a coding, and none that there is. */
function noCoding(): RequestRefusal {
  const message = `The "accept-encoding" header allows none of identity, ${READABLE_CODINGS.join(', ')}.`;
  return new RequestRefusal(406, 'NOT_ACCEPTABLE', message);
}

function notAcceptable(): RequestRefusal {
  const message = 'The "accept" header allows neither application/graphql-response+json nor application/json.';
  return new RequestRefusal(406, 'NOT_ACCEPTABLE', message);
}

function contentTypeFor({ req }: Exchange): string {
  return negotiateMediaType(req.headers.accept) ?? JSON_TYPE;
}
