// A language that nobody speaks, made of the Chinese texts: long words of accented letters from right to left. What still is
// Chinese on a screen comes from data, or was forgotten; what is cut off would be cut off in another language.

const LETTERS = [..."ȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑ"];
const WIDTH = 2; // letters for one Chinese character: English takes about that
const WORD = 8; // letters, on average more than English and fewer than German has

/** The same text with as many letters as a long language would have, its places kept. */
export function pseudo(text: string): string {
  return text.split(/(\{\d\})/).map((piece, i) => (i % 2 ? piece : lengthened(piece))).join("");
}

function lengthened(text: string): string {
  return text.replace(/[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]+/g, (run) => {
    const letters = [...run].flatMap((one) => Array.from({ length: WIDTH }, (_, i) => LETTERS[(one.codePointAt(0)! + 7 * i) % LETTERS.length]!));
    return letters.map((letter, i) => (i > 0 && i % WORD === 0 ? ` ${letter}` : letter)).join("");
  });
}
