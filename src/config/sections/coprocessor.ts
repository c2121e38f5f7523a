import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { headerName } from '../header.ts';
import { size } from '../size.ts';
import { conditionOf, type Selector } from './coprocessor-condition.ts';
import { subgraphUrl } from './endpoints.ts';

const OF_REQUEST: readonly Selector[] = ['request_header', 'request_context', 'request_method', 'static'];
const OF_OPERATION: readonly Selector[] = [...OF_REQUEST, 'operation_name', 'operation_kind'];
const OF_RESPONSE: readonly Selector[] = ['response_status', 'response_context'];
const OF_FETCH: readonly Selector[] = [
  ...['subgraph_name', 'supergraph_request_header', 'request_context', 'static'],
  ...['supergraph_operation_kind', 'subgraph_request_header'],
] as readonly Selector[];
const OF_FETCHED: readonly Selector[] = [
  ...OF_FETCH.filter((selector) => selector !== 'subgraph_request_header'),
  ...(['subgraph_response_header', 'subgraph_response_status', 'response_context'] as const),
];

const sent = (what: string) => z.boolean().default(false).describe(`Whether ${what} is sent`);

const headers = z
  .union([z.boolean(), z.array(headerName).min(1)])
  .default(false)
  .describe('Whether headers are sent, or the names of those that are');

const context = z
  .union([
    z.boolean(),
    z.enum(['all', 'deprecated']),
    z.strictObject({ selective: z.array(z.string().min(1)).min(1).describe('Keys of the entries that are sent') }),
  ])
  .default(false)
  .describe('Which entries of the context are sent. `deprecated` and `true`: all, with the names of Apollo Router 1');

const common = (selectors: readonly Selector[]) => ({
  url: subgraphUrl.optional().describe('The URL for this stage. Default: `coprocessor.url`'),
  condition: conditionOf(selectors).optional().describe('When the stage is called. Default: always'),
  on_error: z
    .enum(['fail', 'ignore'])
    .default('fail')
    .describe('fail: if the coprocessor fails, the request fails; ignore: it goes on as if nothing was returned'),
  headers,
  context,
  body: sent('the body'),
});

const sdl = sent('the supergraph schema');
const ofRequest = { sdl, path: sent('path and query'), method: sent('the method') };
const ofResponse = { sdl, status_code: sent('the status') };
const ofSubgraph = {
  service_name: sent('the name of the subgraph'),
  subgraph_request_id: sent('an id of the fetch, the same for request and response,'),
};

export const coprocessorSection = z
  .strictObject({
    url: subgraphUrl.describe('`http://`, `https://` or `unix:///SOCKET?path=/PATH`'),
    timeout: timerDuration.prefault('1s').describe('How long the coprocessor may take for one stage'),
    max_response_size: size.prefault('16MiB').describe('A longer response of the coprocessor is a failure'),
    router: z
      .strictObject({
        request: z.strictObject({ ...common(OF_REQUEST), ...ofRequest }).optional(),
        response: z
          .strictObject({ ...common([...OF_REQUEST, ...OF_RESPONSE, 'response_header']), ...ofResponse })
          .optional(),
      })
      .prefault({})
      .describe('Stages of the HTTP request: RouterRequest, RouterResponse'),
    supergraph: z
      .strictObject({
        request: z.strictObject({ ...common(OF_REQUEST), ...ofRequest }).optional(),
        response: z
          .strictObject({ ...common([...OF_OPERATION, ...OF_RESPONSE, 'is_primary_response']), ...ofResponse })
          .optional(),
      })
      .prefault({})
      .describe('Stages of an operation: SupergraphRequest, SupergraphResponse'),
    execution: z
      .strictObject({
        request: z.strictObject({ ...common(OF_OPERATION), sdl, method: ofRequest.method }).optional(),
        response: z.strictObject({ ...common([...OF_OPERATION, ...OF_RESPONSE]), ...ofResponse }).optional(),
      })
      .prefault({})
      .describe('Stages of an operation that is executed: ExecutionRequest, ExecutionResponse'),
    subgraph: z
      .strictObject({
        all: z
          .strictObject({
            request: z
              .strictObject({
                ...common(OF_FETCH),
                ...ofSubgraph,
                uri: sent('the URL of the subgraph'),
                method: ofRequest.method,
              })
              .optional(),
            response: z
              .strictObject({ ...common(OF_FETCHED), ...ofSubgraph, status_code: ofResponse.status_code })
              .optional(),
          })
          .prefault({}),
      })
      .prefault({})
      .describe('Stages of each fetch: SubgraphRequest, SubgraphResponse'),
  })
  .superRefine(({ router, supergraph, execution, subgraph }, issues) => {
    if ([router, supergraph, execution, subgraph.all].some(({ request, response }) => request ?? response)) return;
    const message = 'has no stage, so it would never be called; set one, such as `router.request`';
    issues.addIssue({ code: 'custom', path: [], message });
  })
  .describe('A service that is called at stages of requests');

export type CoprocessorSection = z.output<typeof coprocessorSection>;
type Stages = CoprocessorSection['router'] & CoprocessorSection['supergraph'];
export type RouterStages = CoprocessorSection['router'];
export type SupergraphStages = CoprocessorSection['supergraph'];
export type ExecutionStages = CoprocessorSection['execution'];
export type SubgraphStages = CoprocessorSection['subgraph']['all'];
/** The settings that all stages have. */
export type StageSection = Pick<
  NonNullable<Stages['request']>,
  'url' | 'condition' | 'on_error' | 'headers' | 'context' | 'body'
>;
