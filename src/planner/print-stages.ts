import type { OpSelection } from '../operation/operation.ts';
import type { FetchGraph } from './fetch-graph.ts';
import type { FieldIndex } from './field-index.ts';
import { printNode } from './print-document.ts';
import { printPosition } from './print-plan.ts';
import type { Batch } from './schedule.ts';

/** Prints a normalized selection, one field a line. */
export function printSelection(selection: OpSelection, indent = ''): string {
  let text = '';
  for (const item of selection.items) {
    if (item.kind === 'typeCondition') {
      text += `${indent}... on ${item.typeCondition}\n${printSelection(item.selection, `${indent}  `)}`;
      continue;
    }
    const alias = item.responseKey === item.name ? '' : `${item.responseKey}: `;
    text += `${indent}${alias}${item.name}${item.argsKey && `(${item.argsKey})`}\n`;
    if (item.selection) text += printSelection(item.selection, `${indent}  `);
  }
  return text;
}

/** Prints every selected field with the subgraphs that can resolve it, and whether they need inputs. */
export function printProviders(selection: OpSelection, fieldIndex: FieldIndex, indent = ''): string {
  let text = '';
  for (const item of selection.items) {
    if (item.kind === 'typeCondition') {
      text += `${indent}... on ${item.typeCondition}\n${printProviders(item.selection, fieldIndex, `${indent}  `)}`;
      continue;
    }
    const providers = fieldIndex.providers(selection.parentType, item.name).map(({ subgraph, field }) => {
      return field.requires ? `${subgraph.name} (with inputs)` : subgraph.name;
    });
    text += `${indent}${item.responseKey}: ${item.name.startsWith('__') ? 'any' : providers.join(' | ') || 'each type on its own'}\n`;
    if (item.selection) text += printProviders(item.selection, fieldIndex, `${indent}  `);
  }
  return text;
}

/** Prints the fetches before they are combined into requests. */
export function printFetches(graph: FetchGraph): string {
  return graph.fetches
    .map((fetch) => {
      const after = [...fetch.dependsOn].map((needed) => `${needed.id}`).join(' ');
      const what = fetch.kind === 'root' ? 'root' : `${fetch.condition} at ${printPosition(fetch.position)}`;
      return `fetch ${fetch.id} ${fetch.subgraph.name}: ${what}, level ${fetch.level}${after && `, after ${after}`}\n  ${printNode(fetch.node)}\n`;
    })
    .join('');
}

/** Prints which fetches are combined into one request, by level. */
export function printBatches(batches: readonly Batch[]): string {
  return batches
    .map(
      ({ level, fetches }) =>
        `level ${level} ${fetches[0]?.subgraph.name}: fetch ${fetches.map(({ id }) => id).join(' ')}\n`,
    )
    .join('');
}
