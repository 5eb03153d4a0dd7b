// What there should be of what a form keeps account of.

import { describe, expect, it } from "vitest";
import type { Item } from "../store/view";
import type { Form, FormItem } from "./form";
import { balances, stockOf } from "./stock";

const choice = (name: string): FormItem => ({ type: "select_one", name, label: name, list: name });
const AMOUNT: FormItem = { type: "decimal", name: "many", label: "数量", role: "amount" };

function form(...items: FormItem[]): Form {
  const named = (...names: string[]) => names.map((name) => ({ name, label: name }));
  const lists = { tool: named("pump", "net"), way: named("received", "issued", "counted"), state: named("good", "bad") };
  return { code: "tools", version: 1, title: "工具", nature: "fact", source: "x", from: "2021-12-01", site_kinds: [], writers: [], items, lists };
}

const moved = (way: string, many: number, hour: number, more: object = {}) =>
  ({ kind: "tools", id: `${hour}`, timeMs: hour, body: { tool: "pump", way, many, ...more } }) as unknown as Item;

describe("a stock", () => {
  it("is what was counted, and what came and went since", () => {
    const stock = stockOf(form(choice("tool"), choice("way"), AMOUNT))!;
    expect(balances(stock, []).get("pump")).toBeUndefined();
    const movements = [moved("issued", 30, 4), moved("received", 500, 1), moved("counted", 100, 3), moved("issued", 20, 2)];
    expect(balances(stock, movements).get("pump")).toBe(70);
    expect(balances(stock, [...movements, moved("received", 9, 5, { voided: true })]).get("pump")).toBe(70);
  });

  it("is kept by a form with an amount that comes, goes or is counted, and by no other", () => {
    expect(stockOf(form(choice("tool"), AMOUNT))).toBeNull();
    expect(stockOf(form(choice("tool"), choice("way")))).toBeNull();
    expect(stockOf(form(choice("way"), AMOUNT))).toBeNull();
    expect(stockOf(form(choice("tool"), choice("state"), AMOUNT))).toBeNull();
  });
});
