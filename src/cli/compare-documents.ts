import { type DocumentNode, Kind, parse, validate } from 'graphql';
import { VALIDATION_RULES } from '../operation/validation-rules.ts';
import { documentName } from '../policy/persisted/invalid-documents.ts';
import type { ManifestDocument } from '../policy/persisted/manifests.ts';
import { type Schemas, slowerBy } from './compare-plans.ts';
import { type Effect, indent, summarize } from './effect.ts';
import { countOf } from './failure.ts';

/**
 * Compares the persisted documents that clients use with both schemas. Documents that are invalid in both are listed, but the
 * change has not broken them.
 */
export function compareDocuments(registered: readonly ManifestDocument[], schemas: Schemas): Effect {
  const broken: string[] = [];
  const invalid: string[] = [];
  const slower: string[] = [];
  for (const { id, query, file } of registered) {
    const document = parse(query);
    const wasValid = validate(schemas.before.publicSchema, document, VALIDATION_RULES).length === 0;
    const errors = validate(schemas.now.publicSchema, document, VALIDATION_RULES);
    if (!wasValid && errors.length === 0) continue;
    const name = `${file}: ${documentName(id, document)}`;
    const lines = errors.map(({ message, locations }) => {
      const at = locations?.[0];
      return indent(`${at ? `${at.line}:${at.column}  ` : ''}${message}`);
    });
    if (!wasValid) invalid.push([`invalid    ${name}`, ...lines].join('\n'));
    else if (errors.length > 0) broken.push([`broken     ${name}`, ...lines].join('\n'));
    else
      slower.push(
        ...operationsOf(document).flatMap((operationName) => slowerBy(name, { query, operationName }, schemas)),
      );
  }
  return {
    summary: `persisted  ${countOf(registered.length, 'document')}: ${summarize(broken, slower, [], invalid)}`,
    broken,
    slower,
    invalid,
  };
}

/** Returns the names of its operations; `undefined` for one without a name. Subscriptions are left out: they have no such plan. */
function operationsOf({ definitions }: DocumentNode): (string | undefined)[] {
  return definitions.flatMap((one) =>
    one.kind === Kind.OPERATION_DEFINITION && one.operation !== 'subscription' ? [one.name?.value] : [],
  );
}
