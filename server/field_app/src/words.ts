// The app's words in the language of the person who reads: Chinese as the screens have them, or another one by the catalogue
// that the app was built with (words/<language>.json, by the Chinese text). A word that a catalogue lacks shows in Chinese.
// Words of data (places, forms, duties) are in the data's own language.
//
// `t` and `parts` are put around the Chinese texts of the screens when the app is built (../words.ts).

import { pseudo } from "./pseudo";

export const LANGUAGES: Record<string, string> = { "zh-CN": "中文", en: "English" };
export const PSEUDO = "pseudo"; // long words from right to left: it shows what no language may break
const NAME = "gongdi-language";

type Catalogue = Partial<Record<string, string>>;

const language = chosenLanguage();
// Before any module that says something: what it keeps of its words, it keeps from its start on.
const catalogue: Catalogue = language === "en" ? (await import("./words/en.json")).default : {};

export function chosenLanguage(): string {
  return globalThis.localStorage?.getItem(NAME) ?? "zh-CN";
}

/** From the next start of the app on. */
export function chooseLanguage(chosen: string): void {
  globalThis.localStorage?.setItem(NAME, chosen);
}

/** Tell the browser which language this is, and which way it is read. */
export function applyLanguage(): void {
  document.documentElement.lang = language === PSEUDO ? "en-XA" : language;
  document.documentElement.dir = language === PSEUDO ? "rtl" : "ltr";
}

/** A text, its places filled in. */
export function t(key: string, ...values: unknown[]): string {
  return said(key).replace(/\{(\d)\}/g, (_, i: string) => String(values[Number(i)]));
}

/** The same of a part of a screen, where a value may be an element: the pieces in their order. */
export function parts(key: string, ...values: unknown[]): unknown[] {
  return said(key).split(/\{(\d)\}/).map((piece, i) => (i % 2 ? values[Number(piece)] : piece));
}

function said(key: string): string {
  if (language === "zh-CN") return key;
  return language === PSEUDO ? pseudo(key) : (catalogue[key] ?? key);
}
