// 锁屏: whose tablet it is now, by PIN; and what to do without one.

import { useEffect, useState } from "preact/hooks";
import { failureCode, type FieldDatabase } from "../../store/database";
import { enterPin, renewPin, waitMs } from "../../store/pin";
import { unsent } from "../../store/unsent";
import { leaveUnlockCode } from "../../sync/enrol";
import { Exchange } from "../../sync/exchange";
import { PinField } from "../parts/pin_field";
import { useLive } from "../session";
import { useTablet } from "../tablet";
import { textOf } from "../texts";

interface Props {
  current: FieldDatabase;
  onOpen: (db: FieldDatabase) => void;
}

export function Lock({ current, onOpen }: Props) {
  const { people, add, lock } = useTablet();
  const [hasForgotten, setForgotten] = useState(false);
  return (
    <main class="enrol">
      {people.length > 1 && (
        <div class="choice" role="group" aria-label="使用人">
          <div>
            {people.map(({ db, name }) => (
              <button key={db.name} aria-pressed={db === current} onClick={() => (lock(db), setForgotten(false))}>
                {name || "未登记"}
                <Left db={db} />
              </button>
            ))}
          </div>
        </div>
      )}
      <Enter key={`${current.name} ${hasForgotten}`} db={current} onOpen={onOpen} hasForgotten={hasForgotten} />
      <div class="keys">
        <button class="quiet" onClick={() => setForgotten(!hasForgotten)}>
          {hasForgotten ? "用 PIN 码解锁" : "忘记 PIN 码"}
        </button>
        <button class="quiet" onClick={add}>
          添加使用人
        </button>
      </div>
    </main>
  );
}

function Left({ db }: { db: FieldDatabase }) {
  const left = useLive(() => unsent(db), [db], ["outbox", "photos"]);
  return left?.entries ? <small> 未上传 {left.entries} 条</small> : null;
}

function Enter({ db, onOpen, hasForgotten }: { db: FieldDatabase; onOpen: (db: FieldDatabase) => void; hasForgotten: boolean }) {
  const { people } = useTablet();
  const name = people.find((one) => one.db === db)?.name;
  const [pin, setPin] = useState("");
  const [code, setCode] = useState("");
  const [said, setSaid] = useState("");
  const [isBusy, setBusy] = useState(false);
  const waitS = useWait(db, said);
  useEffect(() => {
    const timer = setInterval(() => !db.hasPin && onOpen(db), 500); // it was revoked meanwhile, and its keys deleted
    return () => clearInterval(timer);
  }, [db]);
  const enter = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      if (hasForgotten) await renewPin(db, code, pin);
      else await enterPin(db, pin, (fresh) => leaveUnlockCode(new Exchange(db), fresh));
      return onOpen(db);
    } catch (error) {
      setSaid(failureCode(error));
      setPin("");
    }
    setBusy(false);
  };
  return (
    <form class="card" onSubmit={enter}>
      <h1>{name ? `${name}, 请解锁` : "请解锁"}</h1>
      {hasForgotten && <p class="muted">请管理员核实您本人, 在控制台“设备”页查看这台平板的解锁码。没有上传的记录和没写完的内容都不会丢。</p>}
      {hasForgotten && (
        <label>
          解锁码
          <input class="code" value={code} required autocomplete="off" autocapitalize="characters" spellcheck={false} onInput={(event) => setCode(event.currentTarget.value)} />
        </label>
      )}
      <PinField title={hasForgotten ? "新的 PIN 码" : "PIN 码"} value={pin} set={setPin} isNew={hasForgotten} />
      {said && waitS === 0 && (
        <p class="alert" role="alert" data-code={said}>
          {textOf(said)}
        </p>
      )}
      {waitS > 0 && (
        <p class="alert" role="alert" data-code="pin_wait">
          连错多次, 请等 {waitS} 秒再试。本机数据不会因此删除。
        </p>
      )}
      <button class="main" disabled={isBusy || waitS > 0}>
        {isBusy ? "正在打开…" : "解锁"}
      </button>
    </form>
  );
}

/** Seconds until the next try; asked again after each. */
function useWait(db: FieldDatabase, said: string): number {
  const [waitS, setWait] = useState(0);
  useEffect(() => {
    const look = () => void waitMs(db).then((ms) => setWait(Math.ceil(ms / 1000)));
    look();
    const timer = setInterval(look, 500);
    return () => clearInterval(timer);
  }, [db, said]);
  return waitS;
}
