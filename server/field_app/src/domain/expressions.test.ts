// The cases that every client and server run, from the protocol's own folder.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { evaluate, shown, type Tree } from "./expressions";

interface Vector {
  id: string;
  tree?: Tree;
  values: Record<string, unknown>;
  self?: unknown;
  today?: string;
  rules?: Record<string, number>;
  value?: unknown;
}

const { vectors } = JSON.parse(readFileSync("../../sync_protocol/vectors/expressions.json", "utf8")) as { vectors: Vector[] };

describe("expressions", () => {
  it.each(vectors.filter(({ tree }) => tree))("gives what the vector $id says", ({ tree, values, self, today, rules, value }) => {
    const rule = (code: string) => rules?.[code] ?? null;
    expect(shown(evaluate(tree!, { values, own: self, today, rule }))).toEqual(value);
  });
});
