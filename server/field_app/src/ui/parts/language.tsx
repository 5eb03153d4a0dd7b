// The language of the app's own words. It holds from the next start on, which comes at once.

import { chooseLanguage, chosenLanguage, LANGUAGES } from "../../words";
import { Choice } from "./choice";

export function Language() {
  const choose = (language: string) => {
    chooseLanguage(language);
    location.reload();
  };
  return <Choice title="语言 / Language" options={LANGUAGES} value={chosenLanguage()} onChange={choose} />;
}
