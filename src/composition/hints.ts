import { nearest } from '../config/nearest.ts';
import { FEDERATION_DIRECTIVES, isFederationDirective } from './federation-link.ts';
import { GATEWAY_DIRECTIVES } from './gateway-directives.ts';

const HINTS: Readonly<Record<string, string>> = {
  INVALID_FIELD_SHARING:
    'Mark the field @shareable in every subgraph that can resolve it, @external where it is only referred to, or move it with @override(from:).',
  EXTERNAL_UNUSED: 'Remove the field, or use it in a @key, @requires or @provides of this subgraph.',
  EXTERNAL_MISSING_ON_BASE: 'Define the field without @external in the subgraph that owns it.',
  FIELD_TYPE_MISMATCH: 'Give the field the same type in every subgraph.',
  FIELD_ARGUMENT_TYPE_MISMATCH: 'Give the argument the same type in every subgraph.',
  INPUT_FIELD_TYPE_MISMATCH: 'Give the input field the same type in every subgraph.',
  REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH: 'Add the argument to the field in every subgraph, or make it optional.',
  TYPE_KIND_MISMATCH: 'Rename one of the types, or make them the same kind.',
  ENUM_VALUE_MISMATCH: 'Add the value to every subgraph that defines the enum, or mark it @inaccessible.',
  EMPTY_MERGED_ENUM_TYPE: 'The subgraphs share no value of the enum: give them a common one.',
  NO_QUERIES: 'Add a `type Query { … }` with a field to at least one subgraph.',
  KEY_INVALID_FIELDS: 'Name fields of this type in the key, and give nested objects a selection: "id owner { id }".',
  KEY_FIELDS_SELECT_INVALID_TYPE: 'A key may not hold lists, interfaces, unions or fields with arguments.',
  REQUIRES_INVALID_FIELDS: 'Declare the required fields on the type in this subgraph, marked @external.',
  REQUIRES_FIELDS_MISSING_EXTERNAL: 'Mark the required fields @external in this subgraph.',
  PROVIDES_INVALID_FIELDS: 'Declare the provided fields on the returned type in this subgraph.',
  PROVIDES_FIELDS_MISSING_EXTERNAL: 'Mark the provided fields @external in this subgraph.',
  INVALID_LINK_IDENTIFIER:
    'End the url of every @link with the version of the specification: https://specs.apollo.dev/tag/v0.3.',
  OVERRIDE_FROM_SELF_ERROR: 'Name the other subgraph in @override(from:).',
};

const KNOWN_DIRECTIVES = [...GATEWAY_DIRECTIVES, ...FEDERATION_DIRECTIVES];

/** Returns what to do about a composition error; `undefined` where its message suffices. */
export function hintFor(code: string, message: string): string | undefined {
  const directive = /Unknown directive "@(\w+)"/.exec(message)?.[1];
  if (directive !== undefined) {
    if (/_INVALID_FIELDS$/.test(code)) return 'Remove it: a field set has no directives.';
    if (isFederationDirective(directive))
      return `Add "@${directive}" to the import list of the file's federation @link.`;
    const [near] = nearest(directive, KNOWN_DIRECTIVES);
    const declare = `eclare it in the file: \`directive @${directive} on …\`.`;
    return near === undefined ? `D${declare}` : `Did you mean "@${near}"? Otherwise d${declare}`;
  }
  if (message.includes('Unknown type'))
    return 'Define the type in this file: each subgraph declares all types that it uses.';
  return HINTS[code];
}

/** Errors where two sources use one name with different meanings. */
const CLASHES = new Set([
  'INVALID_FIELD_SHARING',
  'FIELD_TYPE_MISMATCH',
  'FIELD_ARGUMENT_TYPE_MISMATCH',
  'INPUT_FIELD_TYPE_MISMATCH',
  'TYPE_KIND_MISMATCH',
  'ENUM_VALUE_MISMATCH',
]);

/** Returns a hint for plain GraphQL services, which can be renamed in their file. */
export function hintForService(code: string): string | undefined {
  if (!CLASHES.has(code)) return undefined;
  return 'Where a plain service means something else by the name, give it another in its file: @rename(to: "…").';
}
