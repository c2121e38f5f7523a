import type { PluginRun } from '../plugins/plugin-run.ts';
import { ApiRefusal } from '../sources/rest/api-refusal.ts';
import type { SendApiRequest, SentApiRequest } from '../sources/rest/api-transport.ts';
import { OF_MESSAGE } from './added-headers.ts';
import { failureOf } from './call-plugins.ts';

/** Calls `onTry` before each try of a call of an API, and reports the try to plugins that observe stages. */
export function callApiPlugins(send: SendApiRequest, subgraph: string): SendApiRequest {
  return (request) => {
    const plugins = request.ofFetch?.client.plugins;
    if (plugins === undefined) return send(request);
    const { onTry, onStage } = plugins.hooks;
    if (onTry === undefined && onStage === undefined) return send(request);
    const work = onTry ? () => sendTry(send, subgraph, request, plugins) : () => send(request);
    return onStage ? plugins.observe('try', work, subgraph) : work();
  };
}

async function sendTry(send: SendApiRequest, subgraph: string, request: SentApiRequest, plugins: PluginRun) {
  const headers = new Headers();
  const { operationType = 'query', body = '' } = request.ofFetch ?? {};
  try {
    await plugins.onApiTry({ subgraph, operationType, body, headers });
  } catch (error) {
    throw new ApiRefusal(failureOf(subgraph, error));
  }
  // the time may be over, or the client may have disconnected
  request.signal.throwIfAborted();
  return send(withHeaders(request, headers));
}

/** Adds headers, which replace those of the same name. */
function withHeaders(request: SentApiRequest, added: Headers): SentApiRequest {
  const pairs = [...added].filter(([name]) => !OF_MESSAGE.has(name));
  if (pairs.length === 0) return request;
  const kept = Object.entries(request.headers).filter(
    ([name]) => !added.has(name) || OF_MESSAGE.has(name.toLowerCase()),
  );
  return { ...request, headers: Object.fromEntries([...kept, ...pairs]) };
}
