import { describe, expect, it } from 'vitest';
import { ExplainError, explainPlan, PLAN_STAGES, type PlanFormat, type PlanStage } from '../../src/pipeline/explain.ts';
import { createWorld } from '../worlds/world.ts';
import { smallWorld } from './world.ts';

const { supergraph } = smallWorld().engine;
const query = `query Me($n: Int, $full: Boolean = true) {
  me { id ...Names posts(first: $n) }
}
fragment Names on User { name @include(if: $full) }`;

function explain(stage?: PlanStage, format?: PlanFormat): string {
  return `\n${explainPlan(supergraph, { query, stage, format })}`;
}

describe('each stage of a plan', () => {
  it('operation: what is asked for', () => {
    expect(explain('operation')).toMatchInlineSnapshot(`
      "
      me
        id
        name
        posts(first:$n)
      "
    `);
  });

  it('providers: who could give it', () => {
    expect(explain('providers')).toMatchInlineSnapshot(`
      "
      me: users
        id: posts | users
        name: users
        posts: posts
      "
    `);
  });

  it('fetches: what is read from whom', () => {
    expect(explain('fetches')).toMatchInlineSnapshot(`
      "
      fetch 0 users: root, level 0
        {me{id name}}
      fetch 1 posts: User at me, level 1, after 0
        {posts(first:$n)}
      "
    `);
  });

  it('batches: what goes together', () => {
    expect(explain('batches')).toMatchInlineSnapshot(`
      "
      level 0 users: fetch 0
      level 1 posts: fetch 1
      "
    `);
  });

  it('plan: what is sent', () => {
    expect(explain('plan')).toMatchInlineSnapshot(`
      "
      wave 1
        #0 users
          {
            me {
              id
              name
            }
          }
      wave 2
        #1 posts, after #0
          User { id } at me
          query ($representations: [_Any!]!, $n: Int) {
            _entities(representations: $representations) {
              ... on User {
                posts(first: $n)
              }
            }
          }
      "
    `);
    expect(explain()).toBe(explain('plan', 'text'));
  });
});

describe('formats of a plan', () => {
  it('json', () => {
    expect(JSON.parse(explain('plan', 'json'))).toEqual({
      operation: { kind: 'query', name: 'Me' },
      requests: [
        { id: 0, wave: 1, subgraph: 'users', dependsOn: [], document: '{me{id name}}', variables: [], lookups: [] },
        {
          id: 1,
          wave: 2,
          subgraph: 'posts',
          dependsOn: [0],
          document:
            'query($representations:[_Any!]!,$n:Int){_entities(representations:$representations){...on User{posts(first:$n)}}}',
          variables: ['n'],
          lookups: [{ alias: '_entities', representation: 'User { id }', targets: ['me'] }],
        },
      ],
    });
  });

  it('mermaid', () => {
    expect(explain('plan', 'mermaid')).toMatchInlineSnapshot(`
      "
      flowchart LR
        client([client])
        r0["#0 users<br/>(root)"]
        client --> r0
        r1["#1 posts<br/>me"]
        r0 --> r1
      "
    `);
  });

  it.each(PLAN_STAGES.filter((stage) => stage !== 'plan'))('are for the last stage only, not for "%s"', (stage) => {
    expect(() => explain(stage, 'json')).toThrow(
      `The stage "${stage}" is available as text only. Leave out the format, or set it to text.`,
    );
  });
});

describe('@defer', () => {
  const explained = (incremental: boolean) =>
    explainPlan(supergraph, {
      query: '{ me { id ... @defer(label: "posts") { posts } } }',
      incremental,
    }).match(/^ {2}#.*$/gm);

  it('shows which requests are for deferred fragments, if asked', () => {
    expect(explained(true)).toEqual(['  #0 users', '  #1 posts, after #0, for "posts" alone']);
  });

  it('changes nothing otherwise', () => {
    expect(explained(false)).toEqual(['  #0 users', '  #1 posts, after #0']);
  });
});

describe('conditions', () => {
  it('are those that are given, else the defaults', () => {
    const show = (variables?: Record<string, unknown>) =>
      explainPlan(supergraph, { query, variables, stage: 'operation' });
    expect(show()).toContain('name');
    expect(show({ full: false })).not.toContain('name');
  });
});

describe('progressive @override', () => {
  const age = (label: string) => `@override(from: "old", label: "${label}")`;
  const { engine } = createWorld({
    subgraphs: {
      old: { typeDefs: 'type Query { me: User } type User @key(fields: "id") { id: ID! age: Int name: Int }' },
      new: {
        typeDefs: `type User @key(fields: "id") { id: ID! age: Int ${age('percent(25)')} name: Int ${age('names')} }`,
      },
    },
  });
  const providers = (labels?: readonly string[], percent?: number) => {
    const printed = explainPlan(engine.supergraph, {
      query: '{ me { age name } }',
      labels,
      percent,
      stage: 'providers',
    });
    return printed.match(/(?<=: )\w+/g)?.slice(1);
  };

  it('is off, unless a label is named', () => {
    expect(providers()).toEqual(['old', 'old']);
    expect(providers(['names'])).toEqual(['old', 'new']);
    expect(providers(['percent(25)', 'names'])).toEqual(['new', 'new']);
  });

  it('is on by percentage for requests that fall below it', () => {
    expect(providers([], 24.9)).toEqual(['new', 'old']);
    expect(providers(['names'], 25)).toEqual(['old', 'new']);
  });

  it('tells a label that there is not', () => {
    expect(() => providers(['name'])).toThrow('No @override has the label "name". The labels are names, percent(25).');
  });
});

describe('what cannot be planned', () => {
  it.each([
    ['no GraphQL', '{ me', /^1:5 Syntax Error: Expected Name, found <EOF>\.$/],
    ['not valid', '{ me { a } you }', /^1:8 Cannot query field "a" on type "User"\.\n1:12 Cannot query field "you"/],
    ['of a kind that the schema does not have', 'subscription { x }', /^1:1 The schema has no subscriptions\.$/],
    ['several operations', 'query A { me { id } } query B { me { id } }', /several operations: A, B/],
  ])('%s is reported line by line', (_, text, message) => {
    expect(() => explainPlan(supergraph, { query: text })).toThrow(ExplainError);
    expect(() => explainPlan(supergraph, { query: text })).toThrow(message);
  });

  it('one of several operations is chosen by name', () => {
    const two = 'query A { me { id } } query B { me { name } }';
    expect(explainPlan(supergraph, { query: two, operationName: 'B', stage: 'operation' })).toBe('me\n  name\n');
  });
});
