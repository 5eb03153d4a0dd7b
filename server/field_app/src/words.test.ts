import { describe, expect, it } from "vitest";
import { asked } from "../words.ts";
import { pseudo } from "./pseudo";
import { parts, t } from "./words";

const made = (code: string) => asked(code, "/src/ui/screen.tsx");

describe("the words of a screen", () => {
  it("are asked for wherever they stand, a sentence as one message", () => {
    const { code, keys } = made('const A = () => <p title="返回">\n  {n} 个未销号, {word("duty", d)}\n  <b>{n > 1 && "多个"}</b>\n</p>;')!;
    expect(keys).toEqual(["返回", "{0} 个未销号, {1}", "多个"]);
    expect(code.toString()).toBe('const A = () => <p title={__t("返回")}>\n  {__parts("{0} 个未销号, {1}", n, word("duty", d))}\n  <b>{n > 1 && __t("多个")}</b>\n</p>;');
  });

  it("keep their values and what is said within them", () => {
    const { code, keys } = made("const text = `还有 ${n} 条${late ? `, 已超时 ${h}` : \"\"}`;")!;
    expect(keys).toEqual(["还有 {0} 条{1}", ", 已超时 {0}"]);
    expect(code.toString()).toBe('const text = __t("还有 {0} 条{1}", n, late ? __t(", 已超时 {0}", h) : "");');
  });

  it("are read as the page shows them", () => {
    expect(made("<p>\n  体温 &gt; {c} ℃\n  请复测\n</p>;")!.keys).toEqual(["体温 > {0} ℃ 请复测"]);
  });

  it("are none in names, types and what goes into a record", () => {
    expect(made('type Kind = "甲"; const names = { "甲": 1 }; const reason = String.raw`录入错误`; // 注')).toBeNull();
  });
});

describe("a message", () => {
  it("has its values where it says", () => {
    expect([t("{0} 月 {1} 日", 3, 4), t("今日")]).toEqual(["3 月 4 日", "今日"]);
    expect(parts("还有 {0} 条", 2)).toEqual(["还有 ", 2, " 条"]);
  });

  it("of a language that nobody speaks keeps the places, and no Chinese", () => {
    const text = pseudo("还有 {0} 条记录没有上传, 会继续尝试");
    expect(text).toMatch(/\{0\}/);
    expect(text).not.toMatch(/[\u4e00-\u9fff]/);
    expect(text.length).toBeGreaterThan("还有 {0} 条记录没有上传, 会继续尝试".length * 1.4);
  });
});
