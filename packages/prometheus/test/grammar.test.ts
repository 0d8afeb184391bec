import { describe, expect, it } from "@jest/globals";
import { parse } from "./grammar.js";

const good = `# HELP a_total what \\\\ it \\n is
# TYPE a_total counter
a_total{x="1",y="\\"\\\\\\n"} 5
a_total 7e+21
# TYPE h histogram
h_bucket{le="0.5"} 1
h_bucket{le="+Inf"} 2
h_sum 3.5
h_count 2
`;

describe("the rules that pages are held to", () => {
  it("read what is right", () => {
    const families = parse(good);
    expect(families.get("a_total")).toEqual({
      name: "a_total",
      type: "counter",
      help: "what \\ it \n is",
      samples: [
        { name: "a_total", labels: { x: "1", y: '"\\\n' }, value: 5 },
        { name: "a_total", labels: {}, value: 7e21 },
      ],
    });
    expect(
      parse('# TYPE a counter\na_total 1 # {t="x"} 0.5 12.25\n# EOF\n', true).get("a")?.samples,
    ).toHaveLength(1);
  });

  it.each([
    ["no line feed at the end", "a 1"],
    ["no type", "a 1\n"],
    ["another's sample", "# TYPE a gauge\nb 1\n"],
    ["an unescaped quote", '# TYPE a gauge\na{x="1"2"} 1\n'],
    ["an unknown escape", '# TYPE a gauge\na{x="\\t"} 1\n'],
    ["a line feed within a label", '# TYPE a gauge\na{x="1\n2"} 1\n'],
    ["a label twice", '# TYPE a gauge\na{x="1",x="2"} 1\n'],
    ["a series twice", '# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 1\n'],
    ["a family in two places", '# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{x="1"} 1\n'],
    ["no value", "# TYPE a gauge\na \n"],
    ["null", "# TYPE a gauge\na null\n"],
    ["Infinity", "# TYPE a gauge\na Infinity\n"],
    ["no infinite bucket", '# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n'],
    [
      "counts that fall",
      '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    ],
    ["an exemplar in text", '# TYPE a_total counter\na_total 1 # {t="x"} 1\n'],
  ])("refuse %s", (_, page) => expect(() => parse(page)).toThrow());

  it.each([
    ["no end", "# TYPE a gauge\na 1\n"],
    ["a counter without _total", "# TYPE a counter\na 1\n# EOF\n"],
    ["an empty line", "# TYPE a gauge\n\na 1\n# EOF\n"],
  ])("refuse %s in OpenMetrics", (_, page) => expect(() => parse(page, true)).toThrow());
});
