// Initials of a name: 张三丰 → zsf. The browser's own Chinese collation sorts by pinyin, so a character lies between the
// first characters of two letters; a dictionary would weigh more than the whole app. Surnames that are read otherwise
// are listed.

const FIRSTS = "阿芭擦搭蛾发噶哈讥咔垃妈拏哦啪期然撒塌挖昔压匝";
const LETTERS = "abcdefghjklmnopqrstwxyz";
const SURNAMES: Record<string, string> = {
  ...{ 单: "s", 曾: "z", 解: "x", 仇: "q", 区: "o", 查: "z", 朴: "p", 覃: "q", 盖: "g", 乐: "y", 翟: "z", 缪: "m" },
  ...{ 尉: "y", 种: "c", 隗: "w", 宓: "m", 员: "y", 召: "s", 折: "s", 黑: "h", 秘: "b", 冼: "x", 祭: "z", 逄: "p" },
};
const collator = new Intl.Collator("zh-CN-u-co-pinyin");
const kept = new Map<string, string>();

export function initials(name: string): string {
  const characters = [...name.replaceAll(/[\s·•.]/g, "")];
  return characters.map((one, i) => (i === 0 && SURNAMES[one]) || initial(one)).join("");
}

function initial(character: string): string {
  const known = kept.get(character);
  if (known !== undefined) return known;
  const found = /\p{Script=Han}/u.test(character) ? letterOf(character) : character.toLowerCase();
  kept.set(character, found);
  return found;
}

function letterOf(character: string): string {
  let at = -1;
  for (const first of FIRSTS) {
    if (collator.compare(character, first) < 0) break;
    at += 1;
  }
  return LETTERS[at] ?? "a";
}
