import type { SubgraphStages } from '../../config/sections/coprocessor.ts';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { isRecord } from '../accept.ts';
import type { FetchHook, FetchResponseHook, Hooks, PluginResult } from '../hooks.ts';
import { entryOf } from './context-entries.ts';
import { isChanged, resultIn } from './operation-stages.ts';
import { brokenBody, wrong } from './protocol.ts';
import { responseValues } from './router-stages.ts';
import type { StageCaller } from './stage-caller.ts';
import { applyHeaders, headerLists, of } from './stage-headers.ts';

/** Returns the hooks of the stages SubgraphRequest and SubgraphResponse. */
export function subgraphHooks({ request: onFetch, response: onFetched }: SubgraphStages, caller: StageCaller): Hooks {
  return {
    ...(onFetch && { onFetch: (hook) => subgraphRequest(onFetch, caller, hook) }),
    ...(onFetched && {
      // without a response there is nothing to process
      onFetchResponse: (hook) => (hook.failure ? undefined : subgraphResponse(onFetched, caller, hook)),
    }),
  };
}

function subgraphRequest(
  settings: NonNullable<SubgraphStages['request']>,
  caller: StageCaller,
  hook: FetchHook,
): Promise<PluginResult | undefined> {
  const { request, context, log, subgraph, headers, body, url } = hook;
  const source = { context, request };
  const all = lazily(() => mergedHeaders(hook));
  const payload = () => ({
    ...(settings.subgraph_request_id && { subgraphRequestId: hook.fetchId }),
    ...(settings.headers !== false && { headers: headerLists(settings, all()) }),
    ...(settings.body && { body: parseJson(body) }),
    ...(settings.uri && { uri: url }),
    ...(settings.method && { method: 'POST' }),
    ...(settings.service_name && { serviceName: subgraph }),
  });
  const values = { ...fetchValues(hook), subgraph_request_header: (name: string) => all().get(name) };
  return caller.call({ stage: 'SubgraphRequest', settings, source, log, values, payload }, (answer, sent) => {
    if (answer.breakStatus !== undefined) return resultIn(brokenBody(answer.body)) as PluginResult;
    if (answer.body !== undefined && isChanged(answer.body, sent.body)) hook.setBody(requestText(answer.body));
    const changed = of(headers);
    applyHeaders(answer.headers, sent.headers, {
      set: changed.set,
      delete(name) {
        headers.delete(name);
        hook.removeForwarded(name);
      },
    });
    return undefined;
  });
}

function subgraphResponse(
  settings: NonNullable<SubgraphStages['response']>,
  caller: StageCaller,
  hook: FetchResponseHook,
): Promise<PluginResult | undefined> {
  const { request, context, log, subgraph, response, status } = hook;
  const source = { context, request };
  const payload = () => ({
    ...(settings.subgraph_request_id && { subgraphRequestId: hook.fetchId }),
    ...(settings.headers !== false && { headers: headerLists(settings, response.headers) }),
    ...(settings.body && { body: response.result }),
    ...(settings.service_name && { serviceName: subgraph }),
    ...(settings.status_code && { statusCode: status }),
  });
  const values = {
    ...fetchValues(hook),
    ...responseValues(source, () => status),
    subgraph_response_header: (name: string) => response.headers.get(name),
    subgraph_response_status: () => status,
  };
  return caller.call({ stage: 'SubgraphResponse', settings, source, log, values, payload }, (answer, sent) => {
    const body = answer.breakStatus === undefined ? answer.body : brokenBody(answer.body);
    const replaced = body !== undefined && isChanged(body, sent.body) ? resultIn(body) : undefined;
    applyHeaders(answer.headers, sent.headers, of(response.headers));
    return replaced as PluginResult | undefined;
  });
}

function fetchValues({ request, context, subgraph, operationType }: FetchHook | FetchResponseHook) {
  return {
    subgraph_name: () => subgraph,
    request_context: (key: string) => entryOf(key, { context, request }),
    supergraph_request_header: (name: string) => request.headers.get(name),
    supergraph_operation_kind: () => operationType,
  };
}

/** Returns the headers that are sent: those of header rules, and those of plugins, which take precedence. */
function mergedHeaders({ headers, forwardedHeaders }: FetchHook): Headers {
  const all = forwardedHeaders();
  for (const [name, value] of headers) all.set(name, value);
  return all;
}

function requestText(body: unknown): string {
  if (!isRecord(body) || typeof body.query !== 'string') return wrong('its "body" is no object with a "query"');
  return stringifyJson(body);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
