import type { FetchJson } from '../shared/fetch-trace.ts';
import type { NullCause, TracePath } from '../shared/null-cause.ts';

/** Returns a path as people write it: `product.reviews[2].author`. */
export function pathText(path: TracePath): string {
  if (path.length === 0) return 'data';
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}

/** Returns a cause as a sentence. */
export function causeSentence(cause: NullCause, fetches: readonly FetchJson[]): string {
  switch (cause.kind) {
    case 'nonNull': {
      const others = cause.others === undefined ? '' : ` ${cause.others} more values within it are missing, too.`;
      return `${pathText(cause.from)} is missing. ${cause.field} has the type ${cause.type}, so null propagates to ${pathText(cause.to)}.${others}`;
    }
    case 'nonNullInSubgraph':
      return `The schema of "${cause.subgraph}" allows no null further down, so null propagated to ${pathText(cause.to)} there.`;
    case 'policy':
      return `A policy dropped ${cause.field}, so it was not fetched: ${cause.message} (${cause.code}).`;
    case 'sectionTimeout':
      return `The section ${cause.section.join('.')} was not ready within ${cause.timeoutMs} ms.`;
    case 'fetchFailed': {
      const what = cause.reason ?? cause.message;
      const status =
        cause.status === undefined || what.includes(`${cause.status}`) ? '' : `, HTTP status ${cause.status}`;
      return `${fetchName(cause)} failed: ${what}${status} (${cause.code})${triesOf(cause, fetches)}.`;
    }
    case 'subgraphError': {
      const code = cause.code === undefined ? '' : ` (${cause.code})`;
      const at = cause.path === undefined ? '' : ` at ${cause.path.join('.')}`;
      return `${fetchName(cause)} returned an error${at}: ${cause.message}${code}`;
    }
    case 'entityNull':
      return `${fetchName(cause)} returned null: the subgraph does not know this ${cause.type}.`;
    case 'missingKey':
      return `"${cause.subgraph}" was not queried for it: its key "${cause.field}" is missing (${pathText(cause.path)}).`;
    case 'missingRequired':
      return `"${cause.subgraph}" cannot compute it: the field "${cause.field}" that it requires is missing (${pathText(cause.path)}).`;
    case 'missingContext':
      return `"${cause.subgraph}" cannot compute it: the value "${cause.field}" of its context is missing (${pathText(cause.path)}).`;
    case 'subgraphNull':
      return `${subgraphName(cause.subgraph)} returned null for ${cause.field}, without an error.`;
    case 'notReturned':
      return `${subgraphName(cause.subgraph)} did not return ${cause.field}, without an error.`;
    case 'invalidValue':
      return `${subgraphName(cause.subgraph)} returned a value that its type does not allow: ${cause.message}`;
    case 'conflict':
      return cause.message;
  }
}

function fetchName({ fetch, subgraph }: { readonly fetch?: number | undefined; readonly subgraph: string }): string {
  return fetch === undefined ? `The fetch to "${subgraph}"` : `Fetch #${fetch} to "${subgraph}"`;
}

function subgraphName(subgraph: string | undefined): string {
  return subgraph === undefined ? 'A subgraph' : `"${subgraph}"`;
}

function triesOf({ fetch }: { readonly fetch?: number | undefined }, fetches: readonly FetchJson[]): string {
  const tries = fetches.find((one) => one.fetch === fetch)?.tries ?? [];
  if (tries.length < 2) return '';
  const results = tries.map(({ status, error, reason }) => status ?? reason ?? error ?? 'no response');
  return `, ${tries.length} tries: ${results.join(', ')}`;
}
