import { type DocumentNode, Kind, parse, validate } from 'graphql';
import { documentName } from '../policy/persisted/invalid-documents.ts';
import type { ManifestDocument } from '../policy/persisted/manifests.ts';
import { type Schemas, slowerBy } from './compare-plans.ts';
import { type Effect, indented, stateOf } from './effect.ts';
import { countOf } from './failure.ts';

/**
 * What a change of the schema does to the documents that apps are out with. Those that fitted neither before nor now are listed,
 * but are not broken by the change.
 */
export function compareDocuments(registered: readonly ManifestDocument[], schemas: Schemas): Effect {
  const broken: string[] = [];
  const invalid: string[] = [];
  const slower: string[] = [];
  for (const { id, query, file } of registered) {
    const document = parse(query);
    const fitted = validate(schemas.before.publicSchema, document).length === 0;
    const errors = validate(schemas.now.publicSchema, document);
    if (!fitted && errors.length === 0) continue;
    const name = `${file}: ${documentName(id, document)}`;
    const lines = errors.map(({ message, locations }) => {
      const at = locations?.[0];
      return indented(`${at ? `${at.line}:${at.column}  ` : ''}${message}`);
    });
    if (!fitted) invalid.push([`invalid    ${name}`, ...lines].join('\n'));
    else if (errors.length > 0) broken.push([`broken     ${name}`, ...lines].join('\n'));
    else
      slower.push(
        ...operationsOf(document).flatMap((operationName) => slowerBy(name, { query, operationName }, schemas)),
      );
  }
  return {
    summary: `persisted  ${countOf(registered.length, 'document')}: ${stateOf(broken, slower, [], invalid)}`,
    broken,
    slower,
    invalid,
  };
}

/** The names of its operations; `undefined` for one without a name. Subscriptions have no plan of this kind. */
function operationsOf({ definitions }: DocumentNode): (string | undefined)[] {
  return definitions.flatMap((one) =>
    one.kind === Kind.OPERATION_DEFINITION && one.operation !== 'subscription' ? [one.name?.value] : [],
  );
}
