import * as z from 'zod';

const respected = z.boolean().describe('Whether `Cache-Control`, `Expires`, `Age` and `Vary` of its answers count');

export const cacheControlSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether answers of /graphql say so, where the schema has @cacheControl or REST APIs say it'),
    subgraph_headers: z
      .strictObject({
        all: respected.default(false),
        subgraphs: z.record(z.string(), respected).default({}).describe('The same for one subgraph, over `all`'),
      })
      .prefault({})
      .describe('Subgraphs reached over HTTP that say themselves how long their answers hold'),
  })
  .describe('How long answers of /graphql may be kept by clients and caches on the way');

export type CacheControlSettings = z.output<typeof cacheControlSection>;

/** Whether the caching headers of this subgraph's answers count. */
export function respectsHeadersOf({ enabled, subgraph_headers }: CacheControlSettings, subgraph: string): boolean {
  const { all, subgraphs } = subgraph_headers;
  return enabled && (Object.hasOwn(subgraphs, subgraph) ? subgraphs[subgraph] === true : all);
}
