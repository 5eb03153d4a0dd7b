// The same cases judge the server's rule: tests/field_app/test_newcomers_are_the_servers.py.

import { expect, test } from "vitest";
import { lacksTest } from "./newcomers";
import written from "./newcomers_cases.json";

interface Case {
  name: string;
  stays: [string, string | null][];
  entries: string[];
  samples: [string, boolean][];
  now: string;
  lacks: boolean;
}

test.each(written.cases as unknown as Case[])("$name", ({ stays, entries, samples, now, lacks }) => {
  const known = {
    stays: stays.map(([since, until]) => ({ since, until })),
    entriesMs: entries.map((text) => Date.parse(text)),
    samples: samples.map(([text, isNegative]) => ({ atMs: Date.parse(text), isNegative })),
  };
  expect(lacksTest(known, Date.parse(now), written.within_h, written.new_d)).toBe(lacks);
});
