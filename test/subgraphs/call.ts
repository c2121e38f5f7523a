/** What a GraphQL service answers, as parsed JSON. */
export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: tests read into answers whose shape their query spells out.
  readonly data?: any;
  readonly errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

export async function callGraphQL(
  url: string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

/** Looks entities up as a gateway would: `selection` is written inside a fragment on the first one's type. */
export async function lookUp(
  url: string,
  selection: string,
  ...representations: { __typename: string; [key: string]: unknown }[]
): Promise<unknown[]> {
  const answer = await callGraphQL(
    url,
    `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on ${representations[0]?.__typename} ${selection} }
    }`,
    { representations },
  );
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data._entities;
}

export const freePorts = {
  users: 0,
  products: 0,
  orders: 0,
  reviews: 0,
  inventory: 0,
  recommendations: 0,
  notifications: 0,
};
