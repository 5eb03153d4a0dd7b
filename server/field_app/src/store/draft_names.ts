// How drafts are named.

/** A draft's name: the site it belongs to, and the form. */
export function draftName(scope: string, form: string): string {
  return `draft:${scope}:${form}`;
}

/** What `draftName` made a name of: the site, the form, and of what it is. (A scope has a colon in it, a form has none.) */
export function partsOf(name: string): { scope: string; form: string; of: string } {
  const [, scope = "", form = "", of = ""] = /^draft:(\S+):([a-z]+) ?(.*)$/s.exec(name) ?? [];
  return { scope, form, of };
}

/** The entry that a draft is to replace, if what it is of names one: it is the last that stands there. */
export function copiedIn(of: string): string {
  return of.split(" ").at(-1)!;
}

/** Whether it corrects a record, or belongs to one: `kind of record`, `kind in record`. */
export function isOfRecord(of: string): boolean {
  return / (of|in) \S+$/.test(of);
}
