/** Writes expressions of PromQL over declared metrics; one that is not declared, or not of that kind, is an error. */
export class Queries {
  #metrics;

  /** `filter` is put between the braces of every metric. */
  constructor(metrics, filter = "") {
    this.#metrics = new Map(metrics.map((metric) => [metric.name, metric]));
    this.filter = filter;
  }

  gauge(name, labels = {}) {
    return this.#selector(this.#of(name, "gauge"), "", labels);
  }

  /** Per second. */
  rate(name, range, labels = {}) {
    return `rate(${this.#selector(this.#of(name, "counter"), "", labels)}[${range}])`;
  }

  /** How often something happened. A counter is absent until it is first counted, which `increase` alone does not see. */
  happened(name, range) {
    const counter = this.#selector(this.#of(name, "counter"), "", {});
    return `increase(${counter}[${range}]) > 0 or ${counter} unless ${counter} offset ${range}`;
  }

  /** One series for each value of these labels. */
  by(aggregation, name, labels, expression) {
    const declared = this.#metrics.get(name)?.labels ?? [];
    const unknown = labels.find((label) => !declared.includes(label) && !TARGET.includes(label));
    if (unknown !== undefined) throw new Error(`${name} has no label ${unknown}`);
    return labels.length === 0
      ? `${aggregation}(${expression})`
      : `${aggregation} by (${labels.join(", ")}) (${expression})`;
  }

  quantile(share, name, labels, range) {
    const buckets = this.#selector(this.#of(name, "histogram"), "_bucket", {});
    const by = ["le", ...labels].join(", ");
    return `histogram_quantile(${share}, sum by (${by}) (rate(${buckets}[${range}])))`;
  }

  #of(name, kind) {
    const metric = this.#metrics.get(name);
    if (metric === undefined) throw new Error(`no package declares the metric ${name}`);
    if (metric.kind !== kind) throw new Error(`${name} is a ${metric.kind}, and is used as a ${kind}`);
    return metric;
  }

  #selector({ name, labels: declared, constant }, suffix, labels) {
    const unknown = Object.keys(labels).find((label) => !declared.includes(label) && !(label in constant));
    if (unknown !== undefined) throw new Error(`${name} has no label ${unknown}`);
    const own = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const all = [...own, this.filter].filter(Boolean).join(",");
    return `${name}${suffix}${all === "" ? "" : `{${all}}`}`;
  }
}

/** What Prometheus itself adds to every series. */
const TARGET = ["job", "instance"];
