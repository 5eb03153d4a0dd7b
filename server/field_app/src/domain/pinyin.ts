// Initials of a name: 张三丰 → zsf. The browser's own Chinese collation sorts by pinyin, so a character lies between the
// first characters of two letters; a dictionary would weigh more than the whole app. It knows one reading of each
// character: others that occur in names are listed, and surnames that are always read otherwise.

const FIRSTS = "阿芭擦搭蛾发噶哈讥咔垃妈拏哦啪期然撒塌挖昔压匝";
const LETTERS = "abcdefghjklmnopqrstwxyz";
const SURNAMES: Record<string, string> = {
  ...{ 单: "s", 曾: "z", 解: "x", 仇: "q", 区: "o", 查: "z", 朴: "p", 覃: "q", 盖: "g", 翟: "z", 缪: "m", 沈: "s" },
  ...{ 尉: "y", 种: "c", 隗: "w", 宓: "m", 员: "y", 召: "s", 折: "s", 黑: "h", 秘: "b", 冼: "x", 祭: "z", 逄: "p" },
};
const READINGS: Record<string, string> = {
  ...{ 长: "cz", 乐: "ly", 重: "cz", 朝: "cz", 传: "cz", 行: "xh", 盛: "sc", 车: "cj", 石: "sd", 曾: "zc", 单: "ds" },
  ...{ 会: "hk", 祭: "jz", 率: "ls", 晟: "sc", 茜: "qx", 贾: "jg", 广: "ga", 降: "jx", 校: "xj", 藏: "cz", 柏: "bp" },
};
const READINGS_MAX = 4;
const collator = new Intl.Collator("zh-CN-u-co-pinyin");
const kept = new Map<string, string>();

/** Every way in which the name may be typed, the likeliest first. */
export function initials(name: string): string[] {
  let ways = [""];
  for (const [i, one] of [...name.replaceAll(/[\s·•.]/g, "")].entries()) {
    const letters = (i === 0 && SURNAMES[one]) || READINGS[one] || initial(one);
    const isOne = letters.length === 1 || !READINGS[one];
    ways = isOne ? ways.map((way) => way + letters) : [...letters].flatMap((letter) => ways.map((way) => way + letter));
    ways = ways.slice(0, READINGS_MAX);
  }
  return ways;
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
