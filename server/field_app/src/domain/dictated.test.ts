import { expect, it } from "vitest";
import { numberOf } from "../ui/parts/field";
import { dictatedCode, dictatedText } from "./dictated";

it("a number that was said is a number", () => {
  expect(["３６．５。", "500", "１２ ", "36.", ""].map(numberOf)).toEqual([36.5, 500, 12, 36, ""]);
  expect(numberOf("三十六")).toBe("三十六"); // said to be wrong, and not guessed
});

it("a sentence that was said is one line, with its own full stop", () => {
  expect(dictatedText("地面已消毒。\n门口没有\n")).toBe("地面已消毒。 门口没有 ");
});

it("a code that was said has narrow characters", () => expect(dictatedCode("豫Ｇ１２３４５。")).toBe("豫G12345"));
