import * as z from 'zod';
import { duration } from '../duration.ts';
import { size } from '../size.ts';

/** The parser needs little stack per level, but the stack is limited. */
const DEEPEST = 1_000;

const bound = (what: string) => z.int().positive().optional().describe(what);

/** A limit with a default; null removes it. */
const boundOf = (most: number, what: string) =>
  z.int().positive().nullable().default(most).describe(`${what}; null for no limit`);

export const limitsSection = z
  .strictObject({
    http_max_url_bytes: z
      .int()
      .positive()
      .default(8_192)
      .describe('Longest URL; a longer one gets 414 URI_TOO_LONG. All headers together may have 16 KiB'),
    http_max_request_bytes: z
      .int()
      .positive()
      .default(2_000_000)
      .describe('Largest request body in bytes; a larger one gets 413 REQUEST_TOO_LARGE'),
    parser_max_tokens: z
      .int()
      .positive()
      .default(15_000)
      .describe('Most tokens of a query text; the error is MAX_TOKENS_LIMIT'),
    parser_max_recursion: z
      .int()
      .positive()
      .max(DEEPEST)
      .default(500)
      .describe(
        'Deepest nesting of brackets in a query text, and of selections with their fragments; the error is MAX_RECURSION_LIMIT',
      ),
    max_recursive_selections: z
      .int()
      .positive()
      .default(10_000_000)
      .describe(
        'Most fields and fragments of an operation after its fragments are expanded; the error is MAX_RECURSIVE_SELECTIONS_LIMIT',
      ),
    max_variables_depth: z
      .int()
      .positive()
      .max(DEEPEST)
      .default(100)
      .describe('Deepest nesting of variables; the error is MAX_VARIABLES_DEPTH_LIMIT'),
    max_depth: boundOf(100, 'Most fields on the longest path of an operation; the error is MAX_DEPTH_LIMIT'),
    max_height: bound(
      'Most fields of an operation, those with the same response key in one selection counted once; the error is MAX_HEIGHT_LIMIT',
    ),
    max_aliases: boundOf(500, 'Most aliases of an operation; the error is MAX_ALIASES_LIMIT'),
    max_root_fields: boundOf(200, 'Most root fields of an operation; the error is MAX_ROOT_FIELDS_LIMIT'),
    max_directives: bound('Most directives of an operation; the error is MAX_DIRECTIVES_LIMIT'),
    max_operations: z
      .int()
      .positive()
      .default(50)
      .describe('Most operations of one document, each of which is validated; the error is MAX_OPERATIONS_LIMIT'),
    max_variables_bytes: boundOf(
      1_000_000,
      'Largest variables, in bytes of JSON text; the error is MAX_VARIABLES_BYTES_LIMIT',
    ),
    max_buffered_bytes: size
      .optional()
      .describe(
        'Most bytes of bodies in memory outside of the heap: request bodies and subgraph responses while they arrive, and responses and events that clients have not read; bodies up to 64 KiB do not count. Beyond it the error is OVERLOADED. Default: half of the heap limit, at most a quarter of the memory of the container',
      ),
    client_write_timeout: duration
      .prefault('60s')
      .describe('A client that reads less of its response in this time than client_min_read_rate is disconnected'),
    client_min_read_rate: size
      .prefault('2KiB')
      .describe('Least that a client has to read in each second, on average over client_write_timeout'),
    warn_only: z
      .boolean()
      .default(false)
      .describe(
        'Whether violations of max_depth, max_height, max_aliases, max_root_fields, max_directives, max_operations and max_variables_bytes are only logged',
      ),
    hide_schema_details: z
      .boolean()
      .optional()
      .describe(
        'Whether errors leave out names of the schema and of endpoints ("Did you mean …"), also in errors of subgraphs. Default: false, but true with NODE_ENV=production',
      ),
  })
  .describe('Limits on the size of client requests');

export type Limits = z.output<typeof limitsSection>;
