// What every item of a form works with, and the title that it has.

import type { ComponentChildren } from "preact";
import type { Form, FormItem } from "../../domain/form";
import type { Walked } from "../../domain/form_walk";
import type { Photo } from "../../domain/photos";
import type { Body } from "../../protocol/entry";
import type { Item } from "../../store/view";

/** What an item works with. `said`: what is wrong with a field, or doubtful, as far as it is to be said yet. */
export interface Filling {
  form: Form;
  scope: string;
  body: Body;
  photos: readonly Photo[];
  walked: Walked;
  today: string;
  isPlaced: boolean; // the place is known, and not asked for
  hidden: readonly string[]; // what else is not asked for
  workers: readonly Item[];
  said: (name: string) => string;
  set: (changes: Body) => void;
  setPhotos: (name: string, change: (photos: readonly Photo[]) => Photo[]) => void;
  onBusy: (by: number) => void; // photos that are being made small: +1, -1
}

export type AskedProps = Filling & { item: FormItem };

/** The title of what is no single control, and what is wrong below it. */
export function Titled({ item, walked, said, children }: AskedProps & { children: ComponentChildren }) {
  const { name, label, hint, type } = item;
  const problem = said(name);
  return (
    <div class={problem ? "asked is-wrong" : "asked"} role="group" aria-label={label}>
      {type !== "acknowledge" && (
        <p class="asked-title">
          {label}
          <Extra hint={hint} isOptional={!walked.required.has(name)} />
        </p>
      )}
      {type === "acknowledge" && hint && <p class="asked-title">{hint}</p>}
      {children}
      {problem && <p class="wrong" role="alert">{problem}</p>}
    </div>
  );
}

export function Extra({ hint, isOptional }: { hint?: string | undefined; isOptional: boolean }) {
  return (
    <>
      {hint && <small> {hint}</small>}
      {isOptional && <small> 可不填</small>}
    </>
  );
}
