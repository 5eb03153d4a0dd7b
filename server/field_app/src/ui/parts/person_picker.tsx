// Finding a person: type a name, its pinyin or initials, a dormitory, or the last digits of a number, or scan a code, and
// touch the person.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Person, personOfCode, search } from "../../domain/people";
import { useSession } from "../session";
import { Icon } from "./icon";
import { Scanner } from "./scanner";
import { useStill } from "./still";

const SHOWN_MAX = 40; // more than anybody scrolls through: typing one letter more is faster

interface Props {
  people: readonly Person[];
  others?: readonly Person[]; // who shows only when searched for
  onPick: (person: Person) => void;
  aside?: (person: Person) => ComponentChildren; // what is known of each
  empty?: ComponentChildren;
  unknown?: ComponentChildren; // where a search finds nobody
  isWithin?: boolean; // a form, of which it is a part: then it can be none itself
}

export function PersonPicker({ people, others = [], onPick, aside, empty, unknown, isWithin = false }: Props) {
  const { notify } = useSession();
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const shown = isWithin ? [] : people; // among other questions, a list of everybody would be in the way
  const found = useStill(search(typed.trim() ? [...people, ...others] : shown, typed), typed.trim());
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) field.current?.focus(); // on a touch screen a keyboard would cover the list
    const catchKeys = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && /INPUT|SELECT|TEXTAREA/.test(event.target.tagName);
      if (!isTyping && event.key.length === 1 && !event.ctrlKey && !event.metaKey) field.current?.focus(); // a scanner that types
    };
    addEventListener("keydown", catchKeys);
    return () => removeEventListener("keydown", catchKeys);
  }, []);
  const pickOnly = (event: Event) => {
    event.preventDefault();
    if (typed && found.length === 1) onPick(found[0]!);
    else if (typed && found.length > 1) notify(`有 ${found.length} 人符合, 请点选其中一人。`, "bad");
  };
  const pickScanned = (code: string) => {
    const person = personOfCode([...people, ...others], code);
    if (person) onPick(person);
    else notify("名册中没有找到这个码对应的人员。", "bad");
  };
  const Frame = isWithin ? "div" : "form";
  const onEnter = (event: KeyboardEvent) => isWithin && event.key === "Enter" && pickOnly(event);
  return (
    <Frame class="picker" onSubmit={pickOnly} onKeyDown={onEnter}>
      <div class="looking">
        <label class="search">
          <span class="unseen">找人</span>
          <Icon name="search" />
          <input
            ref={field}
            type="search"
            value={typed}
            placeholder="姓名 / 拼音 / 宿舍 / 后四位"
            autocomplete="off"
            enterkeyhint="go"
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <Scanner onRead={pickScanned} />
      </div>
      {found.length === 0 && typed && unknown}
      {found.length === 0 && (typed || empty) && <div class="empty">{typed ? "没有找到。可以换一种写法, 或到名册登记新人员。" : empty}</div>}
      <ul class="people">
        {found.slice(0, SHOWN_MAX).map((person) => (
          <li key={person.id}>
            <button type="button" onClick={() => onPick(person)}>
              <strong>{person.name}</strong>
              <small>
                {[person.team, person.dormitory, person.certificate.slice(-4)].filter(Boolean).join(" · ")}
              </small>
              <span class="aside">{aside?.(person)}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length > SHOWN_MAX && <p class="muted">还有 {found.length - SHOWN_MAX} 人, 请输入姓名查找。</p>}
    </Frame>
  );
}
