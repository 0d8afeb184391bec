import { type Distribution, type Exemplar, type Family, isDistribution, type Line } from "./family.js";
import { type Format, labelText, number } from "./format.js";
import type { Pace } from "./pace.js";

/** Texts that are joined before the whole is: many small ones are slow to join, and to keep. */
const BATCH = 64;

/** Writes a page. Families without series are left out: what could not be read is absent. */
export async function writePage(families: Iterable<Family>, format: Format, pace: Pace): Promise<string> {
  const parts: string[] = [];
  let batch: string[] = [];
  for (const family of families) {
    const write = writer(family, format);
    let head = headOf(family, format);
    for (const series of family.series) {
      batch.push(head, isDistribution(series) ? write.distribution(series) : write.line(series));
      head = "";
      if (batch.length >= BATCH) {
        parts.push(batch.join(""));
        batch = [];
      }
      if (pace.isDue) await pace.rest();
    }
  }
  return [...parts, ...batch, format.end].join("");
}

function headOf(family: Family, format: Format): string {
  const name = format.family(family);
  return `# HELP ${name} ${format.help(family.help)}\n# TYPE ${name} ${family.type}\n`;
}

interface Writer {
  line(line: Line): string;
  distribution(distribution: Distribution): string;
}

function writer(family: Family, format: Format): Writer {
  const name = format.line(family);
  const { bucket, sum, count } = { bucket: `${name}_bucket{`, sum: `${name}_sum`, count: `${name}_count` };
  const bounds = [...family.bounds.map(format.bound), "+Inf"].map((bound) => `le="${bound}"} `);
  return {
    line: ({ labels, value, suffix = "", exemplar }) => {
      const shown = format.exemplars && exemplar ? exemplarText(exemplar, format) : "";
      return `${name}${suffix}${braced(labelText(labels, format))} ${number(value)}${shown}\n`;
    },
    distribution: ({ labels, counts, sum: total }) => {
      const own = labelText(labels, format);
      const start = own === "" ? bucket : `${bucket}${own},`;
      let text = "";
      for (let index = 0; index < bounds.length; index++)
        text += `${start}${bounds[index]}${counts[index]}\n`;
      const label = braced(own);
      return `${text}${sum}${label} ${number(total)}\n${count}${label} ${counts[counts.length - 1]}\n`;
    },
  };
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function exemplarText({ labelSet, value, timestamp }: Exemplar, format: Format): string {
  const at = timestamp === undefined ? "" : ` ${timestamp}`;
  return ` # {${labelText(labelSet, format)}} ${number(value)}${at}`;
}
