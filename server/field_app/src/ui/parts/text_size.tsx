// Three sizes of text, for eyes and for the sun. Kept outside of the database, so that it holds from the first paint on.

import { useState } from "preact/hooks";
import { Choice } from "./choice";

const NAME = "gongdi-text";
const SIZES = { usual: "标准", large: "大", huge: "特大" };

function chosen(): string {
  return globalThis.localStorage?.getItem(NAME) ?? "usual";
}

export function applyTextSize(): void {
  document.documentElement.dataset["text"] = chosen();
}

export function TextSize() {
  const [size, setSize] = useState(chosen());
  const choose = (one: string) => {
    globalThis.localStorage?.setItem(NAME, one);
    applyTextSize();
    setSize(one);
  };
  return <Choice title="字号" options={SIZES} value={size} onChange={choose} />;
}
