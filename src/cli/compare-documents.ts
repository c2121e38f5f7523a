import { type DocumentNode, Kind, parse, validate } from 'graphql';
import type { Registered } from '../policy/persisted/manifests.ts';
import { type Schemas, slowerBy } from './compare-plans.ts';
import { type Effect, indented, stateOf } from './effect.ts';
import { countOf } from './failure.ts';

/**
 * What a change of the schema does to the documents that apps are out with. Those that did not fit before are not told:
 * no change has broken them.
 */
export function compareDocuments(registered: readonly Registered[], schemas: Schemas): Effect {
  const broken: string[] = [];
  const slower: string[] = [];
  for (const { id, query, file } of registered) {
    const document = parse(query);
    if (validate(schemas.before.publicSchema, document).length > 0) continue;
    const errors = validate(schemas.now.publicSchema, document);
    const name = `${file}: ${nameOf(id, document)}`;
    const told = errors.map(({ message, locations }) => {
      const at = locations?.[0];
      return indented(`${at ? `${at.line}:${at.column}  ` : ''}${message}`);
    });
    if (errors.length > 0) broken.push([`broken     ${name}`, ...told].join('\n'));
    else
      slower.push(
        ...operationsOf(document).flatMap((operationName) => slowerBy(name, { query, operationName }, schemas)),
      );
  }
  return {
    summary: `persisted  ${countOf(registered.length, 'document')}: ${stateOf(broken, slower)}`,
    broken,
    slower,
  };
}

function nameOf(id: string, { definitions }: DocumentNode): string {
  const names = definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? (one.name?.value ?? []) : []));
  return names.length === 0 ? `"${id}"` : `${names.join(', ')} ("${id}")`;
}

/** The names of its operations; `undefined` for one without a name. Subscriptions have no plan of this kind. */
function operationsOf({ definitions }: DocumentNode): (string | undefined)[] {
  return definitions.flatMap((one) =>
    one.kind === Kind.OPERATION_DEFINITION && one.operation !== 'subscription' ? [one.name?.value] : [],
  );
}
