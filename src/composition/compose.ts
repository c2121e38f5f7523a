import { dirname } from 'node:path';
import { type CompositionResult, composeServices, compositionHasErrors } from '@theguild/federation-composition';
import type { GraphQLError } from 'graphql';
import type { Problem } from '../config/problem.ts';
import { cacheControlProblems, withCacheControl } from './cache-hints.ts';
import { cacheTagProblems, withCacheTags } from './cache-tags.ts';
import { findFailingSource } from './composer-crash.ts';
import { ownerOf, placesOf } from './error-places.ts';
import { eventProblems, eventUses, withEvents } from './events.ts';
import { withExternalTypes } from './external-types.ts';
import { withFederationLink } from './federation-link.ts';
import { withComposedVersion } from './federation-version.ts';
import { fieldSetArgumentProblems } from './field-set-arguments.ts';
import { hintFor, hintForService } from './hints.ts';
import { withInProcessSources } from './in-process-sources.ts';
import { rateLimitProblems, withRateLimits } from './rate-limits.ts';
import { satisfiabilityProblems } from './satisfiability/problems.ts';
import type { SourceDefinition } from './source-definition.ts';
import { placeOf } from './source-file.ts';

/** The composed supergraph, or the problems. */
export type Composition =
  | { readonly ok: true; readonly supergraphSdl: string; readonly sources: readonly SourceDefinition[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Composes subgraphs into a supergraph SDL (federation 2, join spec). */
export function composeSupergraph(sources: readonly SourceDefinition[]): Composition {
  const problemsOf = [rateLimitProblems, cacheControlProblems, cacheTagProblems, eventProblems];
  const invalidDirectives = problemsOf.flatMap((find) => find(sources));
  if (invalidDirectives.length > 0) return { ok: false, problems: invalidDirectives };
  const result = compose(sources);
  if (result instanceof Error) return { ok: false, problems: [composerFailure(sources, result)] };
  if (!compositionHasErrors(result)) {
    const document = result.supergraphDocumentNode;
    const events = eventUses(sources);
    for (const findProblems of [fieldSetArgumentProblems, satisfiabilityProblems]) {
      const problems = findProblems(document, sources, events);
      if (problems.length > 0) return { ok: false, problems };
    }
    const limited = withRateLimits(withInProcessSources(result.supergraphSdl, sources), sources);
    const tagged = withCacheTags(withCacheControl(limited, sources), sources);
    return { ok: true, supergraphSdl: withEvents(tagged, sources), sources };
  }
  const problems = result.errors.map((error) => asProblem(error, sources));
  return { ok: false, problems: problems.filter((problem, index) => !isClearer(problem, problems, index)) };
}

/**
 * Rules of the composer that the gateway replaces by checks of its own. Its satisfiability rule follows paths, whose
 * number grows fast, fails on some graphs, and knows fewer moves than planning.
 */
const REPLACED_RULES = ['SatisfiabilityRule'];

/**
 * Runs the composer, which reports mistakes as errors in its result. An exception means that the composer itself
 * failed.
 */
function compose(sources: readonly SourceDefinition[]): CompositionResult | Error {
  try {
    return composeServices(composable(sources), { disableValidationRules: REPLACED_RULES });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function composable(sources: readonly SourceDefinition[]) {
  return withExternalTypes(sources).map(({ name, url, document }) => ({
    name,
    url,
    typeDefs: withFederationLink(withComposedVersion(document)),
  }));
}

function composerFailure(sources: readonly SourceDefinition[], error: Error): Problem {
  const failingSource = findFailingSource(composable(sources));
  const source = sources.find(({ name }) => name === failingSource?.name);
  const { line, column } = source ? placeOf(failingSource?.node) : { line: 0, column: 0 };
  return {
    file: source?.file ?? folderOf(sources),
    line,
    column,
    subgraph: source?.name,
    code: 'COMPOSITION_FAILED',
    message: `The schemas cannot be composed: ${error.message}`,
    hint: source && 'Without the definition at this place they can be composed.',
  };
}

/** Returns the folder of the schema files, for problems that concern all of them. */
function folderOf(sources: readonly SourceDefinition[]): string {
  return sources[0] === undefined ? 'schemas' : dirname(sources[0].file);
}

/** Returns whether another problem says the same with more words: the composer reports some mistakes twice. */
function isClearer(problem: Problem, problems: readonly Problem[], index: number): boolean {
  return problems.some(
    (other, place) =>
      place !== index &&
      other.file === problem.file &&
      other.line === problem.line &&
      other.column === problem.column &&
      other.message.startsWith(problem.message) &&
      (other.message !== problem.message || place < index),
  );
}

function asProblem(error: GraphQLError, sources: readonly SourceDefinition[]): Problem {
  const code = String(error.extensions.code ?? 'COMPOSITION_ERROR');
  const owner = ownerOf(error, sources);
  const message = owner === undefined ? error.message : error.message.replace(`[${owner.name}] `, '');
  const [place, ...more] = placesOf(error, sources);
  const advice = [hintFor(code, message)];
  if ([place, ...more].some((at) => at?.source.kind === 'service')) advice.push(hintForService(code));
  if (more.length > 0)
    advice.push(`See also ${more.map((at) => `${at.source.file}:${at.line}:${at.column}`).join(', ')}.`);
  const hint = advice.filter((text) => text !== undefined).join(' ');
  return {
    file: place?.source.file ?? folderOf(sources),
    line: place?.line ?? 0,
    column: place?.column ?? 0,
    subgraph: place && [...new Set([place, ...more].map((at) => at.source.name))].join(', '),
    code,
    message,
    hint: hint === '' ? undefined : hint,
  };
}
