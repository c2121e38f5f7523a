import * as z from 'zod';

export interface ListenAddress {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
}

/** `HOST:PORT` or `[IPV6]:PORT`; `undefined` when `text` is neither. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

const EXPECTED = 'expected "HOST:PORT", for example "0.0.0.0:4000"';

const listen = z
  .string(EXPECTED)
  .transform((text, context): ListenAddress => {
    const address = parseListen(text);
    if (address !== undefined) return address;
    context.addIssue({ code: 'custom', message: EXPECTED });
    return z.NEVER;
  })
  .describe('HOST:PORT to serve clients on; port 0 takes any free port');

const queryPlanning = z
  .strictObject({
    warmed_up_queries: z
      .int()
      .min(0)
      .default(100)
      .describe('How many of the operations asked for last are planned again at once when the schema changes'),
    warm_up_at_start: z
      .boolean()
      .default(false)
      .describe(
        'Whether operations made up from the schema are planned right after the start, so that the first clients find warm code, for some 30 MB of memory more. Nothing is asked of a subgraph',
      ),
  })
  .describe('When operations are planned before a client asks for them');

export const supergraphSection = z
  .strictObject({
    listen: listen.prefault('127.0.0.1:4000'),
    introspection: z
      .boolean()
      .optional()
      .describe('Whether clients may introspect the schema. Default: true, but false with NODE_ENV=production'),
    query_planning: queryPlanning.prefault({}),
  })
  .describe('Where the gateway listens and what it shows of its schema');
