/** A word or phrase that nobody has to guess at: what to avoid, and the standard term to write instead. */
export interface Avoided {
  /** Words are in lower case; words of an identifier are separate words, so `front door` also finds `frontDoor` and `front-door`. */
  readonly avoid: string;
  readonly write: string;
}

/**
 * Words to avoid in docs, comments, messages and identifiers. A term belongs here when a search engine finds nothing for it in our
 * field, or when a reader has to read a sentence twice because of it.
 */
export const AVOIDED: readonly Avoided[] = [
  { avoid: 'told', write: 'exposed, reported, logged: what happens' },
  { avoid: 'untold', write: 'suppressed' },
  { avoid: 'heed', write: 'respect, use' },
  { avoid: 'heeded', write: 'respected, used' },
  { avoid: 'whoever', write: 'the client, the reader, anyone who' },
  { avoid: 'no more is', write: 'was removed, no longer' },
  { avoid: 'is no more', write: 'was removed' },
  { avoid: 'served no more', write: 'was removed' },
  { avoid: 'let in', write: 'authenticate, accept, admit' },
  { avoid: 'lets in', write: 'authenticates, accepts, admits' },
  { avoid: 'by turns', write: 'in turn, alternately' },
  { avoid: 'goes up', write: 'propagates (null)' },
  { avoid: 'nobody knows', write: 'unknown' },
  { avoid: 'kept answer', write: 'cached response' },
  { avoid: 'kept answers', write: 'cached responses' },
  { avoid: 'for want of', write: 'because there is no' },
  { avoid: 'in force', write: 'current' },
  { avoid: 'goes before', write: 'takes precedence over' },
  { avoid: 'go before', write: 'take precedence over' },
  { avoid: 'but for', write: 'except' },
  { avoid: 'taken up', write: 'used, resumed' },
  { avoid: 'tells of', write: 'reports, names' },
  { avoid: 'tell of', write: 'report, name' },
  { avoid: 'mend', write: 'fix, repair' },
  { avoid: 'mended', write: 'fixed, repaired' },
  { avoid: 'mends', write: 'fixes, repairs' },
  { avoid: 'vouch', write: 'prove' },
  { avoid: 'front door', write: 'middleware' },
  { avoid: 'entrance', write: 'authenticate (the middleware)' },
  { avoid: 'client facts', write: 'ClientInfo' },
  { avoid: 'open exchanges', write: 'ActiveRequests' },
  { avoid: 'request refusal', write: 'GatewayError' },
  { avoid: 'plain lane', write: 'fast path' },
  { avoid: 'yoga lane', write: 'Yoga' },
  { avoid: 'both lanes', write: 'the fast path and Yoga' },
  { avoid: 'desk', write: 'BffContext' },
  { avoid: 'rehearse', write: 'warm up' },
  { avoid: 'rehearsal', write: 'warmup' },
  { avoid: 'withhold', write: 'mask, hide' },
  { avoid: 'withheld', write: 'masked, hidden' },
  { avoid: 'sharable', write: 'can be deduplicated (`canDedupe`)' },
  { avoid: 'judgement', write: 'PolicyResult' },
  { avoid: 'verdict', write: 'PolicyDecision' },
  { avoid: 'standpoint', write: 'SubgraphScope' },
  { avoid: 'wire space', write: 'AliasScope' },
  { avoid: 'wire key', write: 'response key, alias' },
  { avoid: 'wire keys', write: 'response keys, aliases' },
  { avoid: 'few map', write: 'SmallMap' },
  { avoid: 'dear', write: 'expensive' },
  { avoid: 'dearest', write: 'most expensive' },
  { avoid: 'keeper', write: 'store, cache' },
  { avoid: 'lonely', write: 'unshareable' },
  { avoid: 'obtainable', write: 'resolvable' },
  { avoid: 'rest period', write: 'RetryAfter' },
  { avoid: 'misfits', write: 'mismatches' },
  { avoid: 'asker', write: 'requester' },
  { avoid: 'crew', write: 'worker pool' },
  { avoid: 'grant gone', write: 'GrantExpired' },
  { avoid: 'client gone', write: 'ClientDisconnected' },
  { avoid: 'redis is away', write: 'Redis is unavailable' },
  { avoid: 'is away', write: 'is unavailable' },
  { avoid: 'not there just now', write: 'unavailable right now' },
  { avoid: 'unread spec', write: 'unsupported spec' },
];

/** Names that mean something else in our field, so that no type of ours may have them. */
export const AVOIDED_TYPES: readonly Avoided[] = [
  { avoid: 'Admission', write: 'Authenticator' },
  { avoid: 'Asking', write: 'CacheLookup' },
  { avoid: 'Door', write: 'Middleware' },
  { avoid: 'Exchange', write: 'RequestContext' },
  { avoid: 'Flight', write: 'SingleFlight' },
  { avoid: 'Gate', write: 'Authenticator' },
  { avoid: 'Life', write: 'CachePolicy' },
  { avoid: 'Order', write: 'EndpointCall' },
  { avoid: 'Sealer', write: 'Encryptor' },
  { avoid: 'Served', write: 'EndpointSnapshot' },
  { avoid: 'Supplies', write: 'SourceDependencies' },
  { avoid: 'Ticket', write: 'Reservation' },
  { avoid: 'Touched', write: 'MatchedLimit' },
  { avoid: 'Trouble', write: 'Problem' },
];

/** A place of a text with a word to avoid. */
export interface Finding extends Avoided {
  readonly line: number;
}

/** Finds words to avoid in a text, phrases also across lines. Reads `camelCase`, `kebab-case` and `snake_case` as separate words. */
export function findAvoided(text: string): Finding[] {
  const words = text.split('\n').flatMap((line, index) => wordsOf(line).map((word) => ({ word, line: index + 1 })));
  return words.flatMap(({ word, line }, at) =>
    (BY_FIRST_WORD.get(word) ?? [])
      .filter(({ phrase }) => phrase.every((part, offset) => words[at + offset]?.word === part))
      .map(({ avoided }) => ({ ...avoided, line })),
  );
}

/** Finds types in TypeScript that have names to avoid. */
export function findAvoidedTypes(code: string): Finding[] {
  return code.split('\n').flatMap((text, index) => {
    const [, name] = /\b(?:class|interface|type) (\w+)/.exec(text) ?? [];
    return AVOIDED_TYPES.filter(({ avoid }) => avoid === name).map((avoided) => ({ ...avoided, line: index + 1 }));
  });
}

interface Phrase {
  readonly phrase: readonly string[];
  readonly avoided: Avoided;
}

const BY_FIRST_WORD = new Map<string, Phrase[]>();
for (const avoided of AVOIDED) {
  const phrase = avoided.avoid.split(' ');
  const [first = ''] = phrase;
  BY_FIRST_WORD.set(first, [...(BY_FIRST_WORD.get(first) ?? []), { phrase, avoided }]);
}

/** Words in lower case. */
function wordsOf(line: string): string[] {
  const spaced = line.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return spaced.match(/[a-z0-9]+(?:'[a-z0-9]+)*/g) ?? [];
}
