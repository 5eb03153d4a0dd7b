// One of a few: large keys instead of a list to unfold.

interface Props {
  title: string;
  options: Record<string, string>;
  value: string;
  onChange: (value: string) => void;
  canBeNone?: boolean; // touching the chosen one again chooses none
}

export function Choice({ title, options, value, onChange, canBeNone }: Props) {
  return (
    <fieldset class="choice">
      <legend>{title}</legend>
      <div>
        {Object.entries(options).map(([code, name]) => (
          <button
            type="button"
            key={code}
            aria-pressed={code === value}
            onClick={() => onChange(canBeNone && code === value ? "" : code)}
          >
            {name}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

export const YES_NO = { yes: "是", no: "否" };

/** A choice of `YES_NO` as the body has it, and back. */
export const yesNo = {
  text: (value: unknown) => (value === true ? "yes" : value === false ? "no" : ""),
  value: (text: string) => (text === "" ? null : text === "yes"),
};
