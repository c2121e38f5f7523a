import type { CoprocessorSection, StageSection } from '../../config/sections/coprocessor.ts';
import type { Hooks } from '../hooks.ts';
import type { Plugin } from '../plugin.ts';
import type { PluginReads } from '../plugin-reads.ts';
import { ServiceClient } from './call-service.ts';
import { argumentsOf } from './conditions.ts';
import { CLAIMS, seesClaims } from './context-entries.ts';
import { operationHooks } from './operation-stages.ts';
import { routerHooks } from './router-stages.ts';
import { StageCaller } from './stage-caller.ts';
import { subgraphHooks } from './subgraph-stages.ts';

/**
 * Creates the plugin that calls a coprocessor by the protocol of Apollo Router.
 * @see https://www.apollographql.com/docs/graphos/routing/customization/coprocessor
 */
export function createCoprocessor(section: CoprocessorSection): Plugin {
  const { url, timeout: timeoutMs, max_response_size: maxResponseBytes, router, supergraph, execution } = section;
  const client = new ServiceClient({ timeoutMs, maxResponseBytes });
  const caller = new StageCaller(client, url);
  let sdl: string | undefined;
  const currentSdl = () => sdl;
  const hooks: Hooks = {
    ...routerHooks(router, caller, currentSdl),
    ...operationHooks(supergraph, execution, caller, currentSdl),
    ...subgraphHooks(section.subgraph.all, caller),
    ...(sendsSdl(section) && {
      onSchemaChange({ isCanary, supergraphSdl }) {
        if (!isCanary) sdl = supergraphSdl;
      },
    }),
    onShutdown: () => client.close(),
  };
  return { name: 'coprocessor', reads: readsOf(section), hooks };
}

function sendsSdl({ router, supergraph, execution }: CoprocessorSection): boolean {
  return [router, supergraph, execution].some(({ request, response }) => request?.sdl || response?.sdl);
}

const REQUEST_HEADERS = ['request_header', 'supergraph_request_header'] as const;
const ENTRIES = ['request_context', 'response_context'] as const;

/** Returns what a coprocessor sees of requests; `undefined` for anything. */
export function readsOf({ router, supergraph, execution, subgraph }: CoprocessorSection): PluginReads | undefined {
  const ofRequests: (StageSection | undefined)[] = [router.request, supergraph.request, execution.request];
  const all = [router, supergraph, execution, subgraph.all].flatMap((stages): StageSection[] =>
    [stages.request, stages.response].filter((stage) => stage !== undefined),
  );
  // which responses may be shared is known from the operation, which the coprocessor may replace
  if (supergraph.request?.body) return undefined;
  if (ofRequests.some((stage) => stage?.headers === true)) return undefined;
  const named = ofRequests.flatMap((stage) => (Array.isArray(stage?.headers) ? stage.headers : []));
  const tested = all.flatMap(({ condition }) => argumentsOf(condition, REQUEST_HEADERS));
  const claims = all.some((stage) => seesClaims(stage) || argumentsOf(stage.condition, ENTRIES).includes(CLAIMS));
  const headers = [...new Set([...named, ...tested].map((name) => name.toLowerCase()))];
  return { headers, cookies: headers.includes('cookie'), claims };
}
