/** Whether a rule is about the header of this name, which is in lower case. */
export type Choose = (name: string) => boolean;

/** Names come from clients, so that not any number of them is remembered. */
const MOST_REMEMBERED = 1_000;

/** Names that a pattern was tried on are remembered: clients send the same few again and again. */
export function chooser({ named, matching }: { named?: readonly string[] | undefined; matching?: string | undefined }) {
  if (matching === undefined) {
    const names = new Set(named);
    return (name: string) => names.has(name);
  }
  const pattern = new RegExp(matching, 'i');
  const tried = new Map<string, boolean>();
  return (name: string) => {
    let chosen = tried.get(name);
    if (chosen === undefined) {
      chosen = pattern.test(name);
      if (tried.size >= MOST_REMEMBERED) tried.clear();
      tried.set(name, chosen);
    }
    return chosen;
  };
}
