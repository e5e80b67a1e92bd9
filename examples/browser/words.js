// Parameters of the mechanisms in words.

const number = (value, digits = 0) => value.toFixed(digits);

/** `{"rotation": 32, "shift down": -4, "gain": 0.5, …}` as "rotated 32° counter-clockwise, moved up by 4 pixels, contrast 0.5". */
export function words(values) {
  const found = [];
  const rotation = values.rotation ?? 0;
  if (Math.abs(rotation) >= 4) found.push(`rotated ${number(Math.abs(rotation))}° ${rotation > 0 ? "counter-clockwise" : "clockwise"}`);
  const move = (value, more, less) => {
    const pixels = Math.round(Math.abs(value));
    if (pixels >= 1) found.push(`moved ${value > 0 ? more : less} by ${pixels} ${pixels === 1 ? "pixel" : "pixels"}`);
  };
  move(values["shift right"] ?? 0, "right", "left");
  move(values["shift down"] ?? 0, "down", "up");
  const scale = (name, more, less) => {
    const factor = values[name] ?? 1;
    if (Math.abs(Math.log(factor)) > 0.12) found.push(`${factor > 1 ? more : less} by ${number(100 * Math.abs(factor - 1))}%`);
  };
  scale("width", "widened", "narrowed");
  scale("height", "stretched", "flattened");
  const shear = values.shear ?? 0;
  if (Math.abs(shear) > 0.12) found.push(`slanted to the ${shear > 0 ? "left" : "right"}`);
  // A digit is black and white: that it was stretched beyond both hardly shows, and is not to be spoken of.
  const gain = values.gain ?? 1;
  if (gain < 0.9 || gain > 1.5) found.push(`contrast ${number(gain, 1)}`);
  const bias = values.bias ?? 0;
  if (bias > 0.05 || bias < -0.2) found.push(`${bias > 0 ? "brightened" : "darkened"} by ${number(Math.abs(bias), 2)}`);
  return found.length > 0 ? found.join(", ") : "nothing worth undoing";
}
