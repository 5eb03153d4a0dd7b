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
      {title && <legend>{title}</legend>}
      <div>
        {Object.entries(options).map(([code, name]) => (
          <button
            type="button"
            key={code}
            data-code={code}
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

interface SeveralProps {
  options: Record<string, string>;
  values: readonly string[];
  onChange: (values: string[]) => void;
}

/** Several of a few, in the order of the list. */
export function Choices({ options, values, onChange }: SeveralProps) {
  const toggle = (code: string) => onChange(Object.keys(options).filter((one) => (one === code) !== values.includes(one)));
  return (
    <fieldset class="choice">
      <div>
        {Object.entries(options).map(([code, name]) => (
          <button type="button" key={code} aria-pressed={values.includes(code)} onClick={() => toggle(code)}>
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
