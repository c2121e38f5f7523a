import * as z from 'zod';

/** What the parser needs of the stack for one level is little, but the stack is not endless either. */
const DEEPEST = 1_000;

const bound = (what: string) => z.int().positive().optional().describe(what);

/** Holds by default. */
const boundOf = (most: number, what: string) =>
  z.int().positive().nullable().default(most).describe(`${what}; null for no limit`);

export const limitsSection = z
  .strictObject({
    http_max_url_bytes: z
      .int()
      .positive()
      .default(8_192)
      .describe('Longest URL; a longer one is answered 414 URI_TOO_LONG. All headers together may have 16 KiB'),
    http_max_request_bytes: z
      .int()
      .positive()
      .default(2_000_000)
      .describe('Largest request body in bytes; a larger one is answered 413 REQUEST_TOO_LARGE'),
    parser_max_tokens: z
      .int()
      .positive()
      .default(15_000)
      .describe('Most tokens that a query text may have; more is answered MAX_TOKENS_LIMIT'),
    parser_max_recursion: z
      .int()
      .positive()
      .max(DEEPEST)
      .default(500)
      .describe(
        'How deep brackets may nest in a query text, and selections with their fragments; deeper is answered MAX_RECURSION_LIMIT',
      ),
    max_recursive_selections: z
      .int()
      .positive()
      .default(10_000_000)
      .describe(
        'Most fields and fragments of an operation, its fragments written out; more is answered MAX_RECURSIVE_SELECTIONS_LIMIT',
      ),
    max_variables_depth: z
      .int()
      .positive()
      .max(DEEPEST)
      .default(100)
      .describe('How deep the variables may nest; deeper is answered MAX_VARIABLES_DEPTH_LIMIT'),
    max_depth: boundOf(100, 'Most fields on the longest way down an operation; more is answered MAX_DEPTH_LIMIT'),
    max_height: bound(
      'Most fields of an operation, those with the same response key in one selection counted once; more is answered MAX_HEIGHT_LIMIT',
    ),
    max_aliases: boundOf(500, 'Most aliases of an operation; more is answered MAX_ALIASES_LIMIT'),
    max_root_fields: boundOf(200, 'Most fields at the top of an operation; more is answered MAX_ROOT_FIELDS_LIMIT'),
    max_directives: bound('Most directives of an operation; more is answered MAX_DIRECTIVES_LIMIT'),
    max_operations: z
      .int()
      .positive()
      .default(50)
      .describe('Most operations of one document, each of which is validated; more is answered MAX_OPERATIONS_LIMIT'),
    max_variables_bytes: boundOf(
      1_000_000,
      'Largest variables, in bytes of JSON text; more is answered MAX_VARIABLES_BYTES_LIMIT',
    ),
    warn_only: z
      .boolean()
      .default(false)
      .describe(
        'Whether max_depth, max_height, max_aliases, max_root_fields, max_directives, max_operations and max_variables_bytes only log what they would refuse',
      ),
    hide_schema_details: z
      .boolean()
      .optional()
      .describe(
        'Whether errors leave out what they would suggest ("Did you mean …") or list of the schema and of endpoints, those of subgraphs as well. Default: false, but true with NODE_ENV=production',
      ),
  })
  .describe('What a client request may weigh');

export type Limits = z.output<typeof limitsSection>;
