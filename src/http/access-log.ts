import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type ClientNameHeaders, namedClient } from '../client/client-name.ts';
import type { Config } from '../config/config.ts';
import { accessLogSection, clientAwarenessSection } from '../config/sections/access-log.ts';
import { RequestRecord, rounded } from '../shared/request-record.ts';
import { accessLine, type EndedRequest, RECORDED_FIELDS, readableLine } from '../telemetry/access-line.ts';
import type { Logger } from '../telemetry/logger.ts';
import { headerReader, queryReader } from '../telemetry/redact.ts';
import type { MalformedRequest } from './malformed-requests.ts';
import type { RequestContext } from './request-context.ts';

/** Settings of the access log. */
export interface AccessLogOptions {
  /** Writes the lines. By default the log of the gateway. */
  readonly logger?: Logger | undefined;
  readonly settings: Config['telemetry']['access_log'];
  readonly clientNames: ClientNameHeaders;
  /** The level of lines without an error, where the settings have none. */
  readonly level: 'debug' | 'info';
  /** Whether a line is a sentence for people, and every response has `Server-Timing`. */
  readonly isForPeople?: boolean | undefined;
  /** Headers with credentials, beside those that always have them. */
  readonly secretHeaders?: readonly string[] | undefined;
  /** Returns a number from 0 to 1, for sampling. */
  readonly random?: (() => number) | undefined;
}

/** Logs one line for each request. */
export interface AccessLog {
  /** Begins the record of a request. Missing where nothing has to be recorded. */
  readonly begin: ((context: RequestContext) => void) | undefined;
  /** Logs a request that has ended. */
  readonly end: (context: RequestContext) => void;
  /** Logs bytes that are no HTTP request. */
  readonly malformed: (request: MalformedRequest) => void;
}

/** All requests at `debug`, with the default fields. */
export const QUIET_ACCESS_LOG: AccessLogOptions = {
  settings: accessLogSection.parse({}),
  clientNames: clientAwarenessSection.parse({}),
  level: 'debug',
};

/**
 * Creates the access log. Its lines have the level `error` for responses of 500 and above, `warn` for requests that are cut off when
 * the gateway stops, and the configured level for others. What a gateway refuses because it stops is no error.
 * Requests that are refused under overload have the level `debug`.
 * @param routeOf returns the kind of route of a URL
 */
export function createAccessLog(
  gatewayLogger: Logger,
  options: AccessLogOptions,
  routeOf: (url: string) => string,
): AccessLog | undefined {
  const { settings, logger = gatewayLogger, random = Math.random } = options;
  if (!settings.enabled) return undefined;
  const writeLine = lineWriter(options, logger);
  const level = settings.level ?? options.level;
  const needsHash = settings.fields.includes('operationHash');
  const counts = settings.fields.includes('bytesIn');
  const isRecorded = options.isForPeople === true || settings.fields.some((field) => RECORDED_FIELDS.has(field));

  function levelOf(context: RequestContext, route: string): 'debug' | 'info' | 'warn' | 'error' {
    const { res, outcome, isOverload } = context;
    if (outcome === 'cut_off') return 'warn';
    // a line for each would make the overload worse; they are logged elsewhere, all together
    if (isOverload) return 'debug';
    if (res.statusCode >= 500 && outcome !== 'draining') return 'error';
    return route === 'health' && !settings.health_checks ? 'debug' : level;
  }
  const isSampled = (context: RequestContext) =>
    settings.sampling === 1 || hasError(context) || random() < settings.sampling;

  return {
    begin: isRecorded ? (context) => beginRecord(context, needsHash, counts) : undefined,
    end(context) {
      const route = routeOf(context.req.url ?? '/');
      const level = levelOf(context, route);
      if (!logger.isEnabled(level) || !isSampled(context)) return;
      writeLine(level, context, route);
    },
    malformed({ status, code, ip }) {
      if (!logger.isEnabled(level)) return;
      const known = { status, errorCodes: [code], ip };
      const fields = Object.entries(known).filter(([name]) => settings.fields.some((field) => field === name));
      logger[level](
        Object.fromEntries(fields),
        options.isForPeople ? `malformed request ${status}` : 'malformed request',
      );
    },
  };
}

/** Returns whether a request has any kind of error. Such requests are logged whatever the sampling is. */
function hasError({ res, outcome, errors = [] }: RequestContext): boolean {
  return res.statusCode >= 400 || errors.length > 0 || outcome === 'cut_off' || !res.writableFinished;
}

/** Begins to record a request. */
export function beginRecord(context: RequestContext, needsHash = false, counts = false): void {
  const { req } = context;
  const record = new RequestRecord({ needsHash });
  record.writtenBefore = req.socket.bytesWritten;
  context.record = record;
  if (counts && req.headers['transfer-encoding'] !== undefined) countBody(req, record);
}

/** Counts the bytes of a body of which no header says how long it is. */
function countBody(req: IncomingMessage, record: RequestRecord): void {
  const { push } = req;
  req.push = (chunk: Buffer | null, ...rest) => {
    record.receivedBytes += chunk?.length ?? 0;
    return push.call(req, chunk, ...rest);
  };
}

type WriteLine = (level: 'debug' | 'info' | 'warn' | 'error', context: RequestContext, route: string) => void;

/** Returns a function that logs the line of a request: for people, or as JSON. */
function lineWriter(
  { settings, clientNames, isForPeople, secretHeaders = [] }: AccessLogOptions,
  logger: Logger,
): WriteLine {
  if (isForPeople)
    return (level, context, route) =>
      logger[level]({ requestId: context.requestId }, readableLine(endedRequest(context, route, clientNames)));
  const { fields, request_headers, redact, user_hash_key: key = '' } = settings;
  const writeFields = accessLine(fields, {
    hashUser: (subject) => createHmac('sha256', key).update(subject).digest('base64url'),
    redactQuery: queryReader(redact.query_parameters),
  });
  const readHeaders = headerReader(request_headers, [...secretHeaders, ...redact.headers]);
  return (level, context, route) => {
    let text = writeFields(endedRequest(context, route, clientNames));
    const headers = readHeaders?.(context.req.headers);
    if (headers) text += `,"headers":${JSON.stringify(headers)}`;
    if (logger.writeMembers) logger.writeMembers(level, text, messageOf(context));
    else logger[level](JSON.parse(`{${text.slice(1)}}`), messageOf(context));
  };
}

function messageOf({ res, outcome }: RequestContext): string {
  if (res.writableFinished) return 'request';
  return outcome === 'cut_off' ? 'request cut off' : 'request closed by the client';
}

function endedRequest(context: RequestContext, route: string, clientNames: ClientNameHeaders): EndedRequest {
  const { req, res, requestId, startedAt, client, record } = context;
  const { headers, method, url = '/' } = req;
  return {
    requestId,
    route,
    method,
    url,
    headers,
    notes: context,
    status: res.writableFinished ? res.statusCode : undefined,
    durationMs: rounded(performance.now() - startedAt),
    ip: client.ip,
    subject: client.identity?.subject,
    client: namedClient(headers, clientNames),
    bytesIn: record && (record.receivedBytes || Number(headers['content-length'] ?? 0)),
    bytesOut: record && req.socket.bytesWritten - record.writtenBefore,
  };
}
