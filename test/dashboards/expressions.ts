/** A metric that an expression of PromQL reads, with the labels that it names. */
export interface UsedMetric {
  /** Without the suffix of a histogram's series. */
  readonly name: string;
  readonly labels: readonly string[];
}

/** Labels that Prometheus adds to what it scrapes. */
const OF_TARGETS = ['job', 'instance', 'le'];

/**
 * Returns the metrics that an expression reads, each with the labels of its selector and those that the expression groups by. Every
 * metric has to have the labels that a group names: here, one expression is about one thing.
 */
export function usedMetrics(expression: string): UsedMetric[] {
  // labels that the right side of an operation lacks
  const grouped = expression.replace(/\bignoring \([^)]*\)/g, '');
  const selectors = [...expression.matchAll(/\b((?:headgate|nodejs|process)_\w+|up\b)(?:\{([^}]*)\})?/g)];
  return selectors.map(({ 0: text, 1: name = '', 2: matchers = '', index }) => {
    const before = grouped.slice(0, index);
    const groups = [...before.matchAll(/\bby \(([^)]*)\)/g)].at(-1)?.[1] ?? '';
    const matched = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    const labels = [...matched, ...groups.split(',').map((label) => label.trim())];
    if (text.includes('{') && matched.length === 0) throw new Error(`no labels in ${text}`);
    return {
      name: name.replace(/_(bucket|sum|count)$/, ''),
      labels: [...new Set(labels)].filter((label) => label !== '' && !OF_TARGETS.includes(label)),
    };
  });
}
