// What is done to a digit before the network sees it, as the mechanisms of the model define it.

export const SIDE = 28;
const CENTRE = (SIDE - 1) / 2;

/** The digit turned (degrees, counter-clockwise), moved (pixels), faded, brightened, and scribbled over. */
export function damaged(digit, { rotation, right, down, contrast, brightness }, scribble) {
  // Rows point down, so a counter-clockwise turn has a negative sine.
  const [sin, cos] = [Math.sin((-rotation * Math.PI) / 180), Math.cos((rotation * Math.PI) / 180)];
  const out = new Float32Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column - CENTRE - right, row - CENTRE - down];
      const clean = sampled(digit, cos * x + sin * y + CENTRE, -sin * x + cos * y + CENTRE);
      const at = row * SIDE + column;
      out[at] = Math.min(1, Math.max(contrast * clean + brightness, scribble[at]));
    }
  }
  return out;
}

/** Bilinear, zero outside. */
function sampled(image, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const pixel = (column, row) => (column < 0 || row < 0 || column >= SIDE || row >= SIDE ? 0 : image[row * SIDE + column]);
  const along = (row) => pixel(left, row) + (x - left) * (pixel(left + 1, row) - pixel(left, row));
  return along(top) + (y - top) * (along(top + 1) - along(top));
}

/** A drawing as MNIST prepares its digits: scaled into 20×20 pixels, its centre of mass in the middle of 28×28. */
export function centred({ data, width, height }) {
  const ink = (x, y) => data[4 * (y * width + x)] / 255;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ink(x, y) > 0.1) [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  }
  const out = new Float32Array(SIDE * SIDE);
  if (right < 0) return out;
  // Drawing pixels for each pixel of the digit.
  const scale = Math.max(right - left + 1, bottom - top + 1) / 20;
  let [mass, massX, massY] = [0, 0, 0];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const value = ink(x, y);
      [mass, massX, massY] = [mass + value, massX + value * x, massY + value * y];
    }
  }
  const [middleX, middleY] = [massX / mass, massY / mass];
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const begin = [middleX + (column - CENTRE - 0.5) * scale, middleY + (row - CENTRE - 0.5) * scale];
      out[row * SIDE + column] = mean(ink, begin, scale, width, height);
    }
  }
  return out;
}

/** The mean over a square of the drawing, by 4×4 samples. */
function mean(ink, [x, y], side, width, height) {
  let sum = 0;
  for (let i = 0; i < 16; i++) {
    const [column, row] = [Math.round(x + (((i % 4) + 0.5) / 4) * side), Math.round(y + ((Math.floor(i / 4) + 0.5) / 4) * side)];
    if (column >= 0 && row >= 0 && column < width && row < height) sum += ink(column, row);
  }
  return sum / 16;
}
