/** What is counted under a name, by the values of the labels: `{"graphql 200": 3}`; without labels, the name alone. */
export async function counted(
  { metricsUrl }: { readonly metricsUrl?: string | undefined },
  name: string,
): Promise<Record<string, number>> {
  const text = await (await fetch(metricsUrl ?? '')).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return Object.fromEntries(
    lines.map((line) => {
      const values = [...line.matchAll(/="([^"]*)"/g)].map(([, value]) => value);
      return [values.join(' '), Number(line.slice(line.lastIndexOf(' ')))];
    }),
  );
}
