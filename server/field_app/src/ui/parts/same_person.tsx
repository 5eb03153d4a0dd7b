// Somebody may be on the roster already: asked before a person is registered once more, and shown where it has happened.

import { type Person, twins } from "../../domain/people";

/** Who is there already with a number that fits. `onOther`: it is somebody else after all. */
export function AlreadyThere({ people, onOther }: { people: readonly Person[]; onOther: () => void }) {
  return (
    <div class="notice" role="alert" data-code="same_person">
      <strong>名册里可能已有此人, 还没有保存</strong>
      <p>证件号码与下列人员相符。是同一个人请打开那条记录修改, 不要再登记一次。</p>
      <Links people={people} />
      <button type="button" class="quiet" onClick={onOther}>
        不是同一人, 仍然保存
      </button>
    </div>
  );
}

/** The other records with this person's certificate. */
export function Twins({ person, people }: { person: Person; people: readonly Person[] }) {
  const others = twins(person, people);
  if (others.length === 0) return null;
  return (
    <div class="notice">
      <strong>同一证件有 {others.length + 1} 条记录, 按一人计数</strong>
      <p>由科室在“待核对”里合并。如不是同一个人, 请改正填错的证件号码。</p>
      <Links people={others} />
    </div>
  );
}

function Links({ people }: { people: readonly Person[] }) {
  return (
    <ul>
      {people.map((person) => (
        <li key={person.id}>
          <a href={`#/roster/worker?id=${person.id}`}>{person.name}</a> {person.team} · {person.certificate.slice(-4)}
          {person.exitedOn && ` · ${person.exitedOn} 退场`}
        </li>
      ))}
    </ul>
  );
}
