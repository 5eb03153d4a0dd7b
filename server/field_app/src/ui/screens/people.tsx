// 换人: the PIN of whoever works with the tablet, locking it, and handing it over to the next person.

import { useState } from "preact/hooks";
import { localTime } from "../../protocol/time";
import { failureCode } from "../../store/database";
import { handOver } from "../../store/handover";
import { enterPin, setPin } from "../../store/pin";
import type { Person } from "../../store/people";
import { unsent } from "../../store/unsent";
import { leaveUnlockCode } from "../../sync/enrol";
import { Exchange, ExchangeFailed } from "../../sync/exchange";
import { openWork } from "../open_work";
import { PinField } from "../parts/pin_field";
import { Unfinished } from "../parts/unfinished";
import { useLive, useNow, useSession } from "../session";
import { useTablet } from "../tablet";
import { textOf } from "../texts";

export function People() {
  const { db } = useSession();
  const { name, lock, add, people } = useTablet();
  const others = people.filter((one) => one.db !== db && one.name);
  if (!db.hasPin) return <FirstPin />;
  return (
    <section class="pin">
      <h1>换人</h1>
      <div class="card">
        <p>
          现在由 <strong>{name}</strong> 使用。写下的每条记录都记在本人名下。
        </p>
        <div class="keys">
          <button class="main" onClick={() => lock()}>
            锁屏
          </button>
          <button class="quiet" onClick={add}>
            添加使用人
          </button>
        </div>
      </div>
      {others.length === 0 ? <p class="muted">这台平板还没有别人使用。接班的人先“添加使用人”, 用自己的注册码登记。</p> : <HandOver others={others} />}
    </section>
  );
}

/** Also in place of everything else, where a PIN has to be set now. `onLater`: without a network it can't be. */
export function FirstPin({ onLater }: { onLater?: () => void }) {
  const { db, notify } = useSession();
  const { refresh } = useTablet();
  const [name, setName] = useState("");
  const [pin, setTyped] = useState("");
  const [again, setAgain] = useState("");
  const [said, setSaid] = useState("");
  const [isBusy, setBusy] = useState(false);
  const keep = async (event: Event) => {
    event.preventDefault();
    if (pin !== again) return setSaid("pin_differs");
    setBusy(true);
    try {
      await setPin(db, pin, name.trim(), (code) => leaveUnlockCode(new Exchange(db), code));
      await refresh();
      return notify("PIN 码已设好, 本机数据已加密。", "good");
    } catch (error) {
      setSaid(error instanceof ExchangeFailed ? "pin_needs_network" : failureCode(error));
    }
    setBusy(false);
  };
  return (
    <section class="pin">
      <h1>设 PIN 码</h1>
      <form class="card" onSubmit={keep}>
        <p class="muted">PIN 码只有您本人知道。设好后本机的人员资料、记录、照片和没写完的内容都加密保存; 没有操作一会儿就锁屏。</p>
        <label>
          您的姓名
          <input value={name} required maxLength={20} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <PinField title="PIN 码 (至少 6 位数字)" value={pin} set={setTyped} isNew />
        <PinField title="再输一次" value={again} set={setAgain} isNew />
        {said && (
          <p class="alert" role="alert" data-code={said}>
            {textOf(said)}
          </p>
        )}
        <button class="main" disabled={isBusy}>
          {isBusy ? "正在加密本机数据…" : "设好"}
        </button>
        {said === "pin_needs_network" && onLater && (
          <button type="button" class="quiet" onClick={onLater}>
            没有网络, 以后再设
          </button>
        )}
      </form>
    </section>
  );
}

/** The next person is here, and types the PIN: what is open passes to them. */
function HandOver({ others }: { others: readonly Person[] }) {
  const { db, sites, forms, duties, notify } = useSession();
  const { open } = useTablet();
  const now = useNow();
  const lines = useLive(() => openWork(db, sites, { forms, duties }, now), [db, sites, forms, duties]);
  const left = useLive(() => unsent(db), [db]);
  const [to, setTo] = useState(others[0]!);
  const [pin, setTyped] = useState("");
  const [said, setSaid] = useState("");
  const take = async (event: Event) => {
    event.preventDefault();
    try {
      await enterPin(to.db, pin, (code) => leaveUnlockCode(new Exchange(to.db), code));
      const kept = await handOver(db, to.db, lines ?? [], now);
      if (kept > 0) notify(`${kept} 项没写完的仍在您名下: ${to.name}没有这个地点, 或正在填同一张表。`, "bad");
      open(to.db);
    } catch (error) {
      setSaid(failureCode(error));
      setTyped("");
    }
  };
  if (!lines || !left) return null;
  return (
    <>
      <h2>交班</h2>
      <Unfinished />
      <div class="card">
        <h2>
          还没有做完的 <small>{lines.length} 项, {localTime(now)}</small>
        </h2>
        {lines.length === 0 && <p class="muted">没有到点未做的检查, 也没有人等复测。</p>}
        <ul>
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        {left.entries > 0 && <p class="notice">您有 {left.entries} 条记录没有上传。它们仍在您名下, 有网络时照常上传; 上传之后, 接班的人才看得到。</p>}
      </div>
      <form class="card" onSubmit={take}>
        <p class="muted">没写完的表单转到接班人名下, 注明由谁起草。已写下的记录不转, 仍是您写的。</p>
        <div class="choice" role="group" aria-label="接班人" hidden={others.length === 1}>
          <div>
            {others.map((one) => (
              <button key={one.db.name} type="button" aria-pressed={one === to} onClick={() => setTo(one)}>
                {one.name}
              </button>
            ))}
          </div>
        </div>
        <PinField title={`${to.name}的 PIN 码`} value={pin} set={setTyped} />
        {said && (
          <p class="alert" role="alert" data-code={said}>
            {textOf(said)}
          </p>
        )}
        <button class="main">交给{to.name}</button>
      </form>
    </>
  );
}
