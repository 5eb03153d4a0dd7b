// Finding a person: type a name, its initials, or the last digits of a number, and touch the person.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Person, search } from "../../domain/people";
import { Icon } from "./icon";

const SHOWN_MAX = 60; // more than anybody scrolls through: typing one letter more is faster

interface Props {
  people: readonly Person[];
  onPick: (person: Person) => void;
  aside?: (person: Person) => ComponentChildren; // what is known of each
  empty?: ComponentChildren;
}

export function PersonPicker({ people, onPick, aside, empty }: Props) {
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const found = search(people, typed);
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) field.current?.focus(); // on a touch screen a keyboard would cover the list
  }, []);
  const pickFirst = (event: Event) => {
    event.preventDefault();
    if (typed && found[0]) onPick(found[0]);
  };
  return (
    <form class="picker" onSubmit={pickFirst}>
      <label class="search">
        <span class="unseen">找人</span>
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          value={typed}
          placeholder="姓名、拼音首字母、证件或手机后四位"
          autocomplete="off"
          enterkeyhint="go"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      {found.length === 0 && <div class="empty">{typed ? "没有找到。可以换一种写法, 或到名册登记新人员。" : empty}</div>}
      <ul class="people">
        {found.slice(0, SHOWN_MAX).map((person) => (
          <li key={person.id}>
            <button type="button" onClick={() => onPick(person)}>
              <strong>{person.name}</strong>
              <small>
                {person.team} · {person.certificate.slice(-4)}
              </small>
              <span class="aside">{aside?.(person)}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length > SHOWN_MAX && <p class="muted">还有 {found.length - SHOWN_MAX} 人, 请输入姓名查找。</p>}
    </form>
  );
}
