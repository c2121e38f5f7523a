import * as z from 'zod';

const respected = z
  .boolean()
  .describe('Whether `Cache-Control`, `Expires`, `Age` and `Vary` of its responses are respected');

export const cacheControlSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Whether responses of /graphql have Cache-Control, if the schema has @cacheControl or REST APIs send it',
      ),
    subgraph_headers: z
      .strictObject({
        all: respected.default(false),
        subgraphs: z.record(z.string(), respected).default({}).describe('Settings of single subgraphs, over `all`'),
      })
      .prefault({})
      .describe('Caching headers in responses of subgraphs'),
  })
  .describe('How long clients and caches may store responses of /graphql');

export type CacheControlSettings = z.output<typeof cacheControlSection>;

/** Whether the caching headers in responses of a subgraph are respected. */
export function respectsHeadersOf({ enabled, subgraph_headers }: CacheControlSettings, subgraph: string): boolean {
  const { all, subgraphs } = subgraph_headers;
  return enabled && (Object.hasOwn(subgraphs, subgraph) ? subgraphs[subgraph] === true : all);
}
