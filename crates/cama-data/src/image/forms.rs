//! The forms of the bundled drawings: lines about a unit wide around the origin, x to the right and y down.

use std::f64::consts::{PI, TAU};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::drawing::Point;

/// One drawing, before it gets its size and its place.
pub(super) struct Form {
    /// What is drawn along.
    pub(super) lines: Vec<Vec<Point>>,
    /// Whether the first line, which then ends where it begins, is filled.
    pub(super) filled: bool,
    /// How far it may be turned either way and still be what it is, in radians.
    pub(super) turn: f64,
}

type Draw = fn(&mut ChaCha8Rng) -> Form;

/// The classes in their order, each with what draws one of it.
pub(super) const FORMS: [(&str, Draw); 10] = [
    ("triangle", triangle),
    ("square", square),
    ("star", star),
    ("cross", cross),
    ("arrow", arrow),
    ("heart", heart),
    ("house", house),
    ("spiral", spiral),
    ("zigzag", zigzag),
    ("crescent", crescent),
];

/// How far what has an upper side is turned: 25°.
const UPRIGHT: f64 = 25.0 * PI / 180.0;

/// A number drawn uniformly from what lies between two.
fn between(low: f64, high: f64, rng: &mut ChaCha8Rng) -> f64 {
    rng.random_range(low..high)
}

/// A form of one outline, filled at even odds.
fn outlined(corners: Vec<Point>, turn: f64, rng: &mut ChaCha8Rng) -> Form {
    Form { lines: vec![closed(corners)], filled: rng.random(), turn }
}

/// A form of lines.
fn lined(lines: Vec<Vec<Point>>, turn: f64) -> Form {
    Form { lines, filled: false, turn }
}

/// The line through the corners and back to the first.
fn closed(mut corners: Vec<Point>) -> Vec<Point> {
    corners.push(corners[0]);
    corners
}

/// The point at an angle, clockwise from the top, and a distance from the origin.
fn polar(angle: f64, distance: f64) -> Point {
    [distance * angle.sin(), -distance * angle.cos()]
}

/// The points with their mirror images across the vertical axis, from the last back to the first.
fn mirrored(half: &[Point]) -> Vec<Point> {
    half.iter().copied().chain(half.iter().rev().map(|[x, y]| [-x, *y])).collect()
}

fn triangle(rng: &mut ChaCha8Rng) -> Form {
    let corners = (0..3).map(|k| polar(f64::from(k) * TAU / 3.0 + between(-0.25, 0.25, rng), 1.0)).collect();
    outlined(corners, PI, rng)
}

fn square(rng: &mut ChaCha8Rng) -> Form {
    let mut at = |x: f64, y: f64| [x + between(-0.08, 0.08, rng), y + between(-0.08, 0.08, rng)];
    let corners = vec![at(-1.0, -1.0), at(1.0, -1.0), at(1.0, 1.0), at(-1.0, 1.0)];
    outlined(corners, UPRIGHT, rng)
}

fn star(rng: &mut ChaCha8Rng) -> Form {
    let inner = between(0.38, 0.5, rng);
    let corners = (0..10).map(|k| polar(f64::from(k) * PI / 5.0, if k % 2 == 0 { 1.0 } else { inner }));
    outlined(corners.collect(), UPRIGHT, rng)
}

fn cross(rng: &mut ChaCha8Rng) -> Form {
    let arm = between(0.25, 0.42, rng);
    let half = [[arm, -1.0], [arm, -arm], [1.0, -arm], [1.0, arm], [arm, arm], [arm, 1.0]];
    outlined(mirrored(&half), UPRIGHT, rng)
}

fn arrow(rng: &mut ChaCha8Rng) -> Form {
    let (head, neck) = (between(0.45, 0.7, rng), between(-0.45, -0.05, rng));
    if rng.random() {
        let (shaft, tip) = (vec![[0.0, 1.0], [0.0, -1.0]], vec![[-head, neck], [0.0, -1.0], [head, neck]]);
        return lined(vec![shaft, tip], PI);
    }
    let shaft = between(0.18, 0.28, rng);
    let half = [[0.0, -1.0], [head + 0.1, neck], [shaft, neck], [shaft, 1.0]];
    Form { filled: true, ..outlined(mirrored(&half), PI, rng) }
}

fn heart(rng: &mut ChaCha8Rng) -> Form {
    let cleft = between(4.5, 6.5, rng);
    let at = |t: f64| {
        let x = 16.0 * t.sin().powi(3);
        let y = 13.0 * t.cos() - cleft * (2.0 * t).cos() - 2.0 * (3.0 * t).cos() - (4.0 * t).cos();
        [x / 16.0, -y / 16.0]
    };
    outlined((0..48).map(|k| at(f64::from(k) * TAU / 48.0)).collect(), UPRIGHT, rng)
}

fn house(rng: &mut ChaCha8Rng) -> Form {
    let (eaves, wide) = (between(-0.3, -0.1, rng), between(0.8, 1.0, rng));
    let walls = mirrored(&[[0.0, -1.0], [wide, eaves], [wide, 1.0]]);
    let (left, top) = (between(-0.5, -0.1, rng), between(0.2, 0.3, rng));
    let frame = |door: f64, top: f64| vec![[left, 1.0], [left, top], [left + door, top], [left + door, 1.0]];
    if rng.random() {
        // The door is open, and wide enough for the stroke around the walls to leave some of it.
        let walls = [
            &walls[..3],
            &[[left + 0.6, 1.0], [left + 0.6, top - 0.1], [left, top - 0.1], [left, 1.0]],
            &walls[3..],
        ];
        return Form { filled: true, ..outlined(walls.concat(), UPRIGHT, rng) };
    }
    let inside = if rng.random() { vec![[-wide, eaves], [wide, eaves]] } else { frame(0.5, top) };
    lined(vec![closed(walls), inside], UPRIGHT)
}

fn spiral(rng: &mut ChaCha8Rng) -> Form {
    let (rounds, start) = (between(1.6, 2.3, rng), between(0.0, 0.1, rng));
    let at = |share: f64| polar(share * rounds * TAU, start + (1.0 - start) * share);
    lined(vec![(0..=120).map(|k| at(f64::from(k) / 120.0)).collect()], PI)
}

fn zigzag(rng: &mut ChaCha8Rng) -> Form {
    let (corners, height) = (rng.random_range(4..=6), between(0.4, 0.7, rng));
    let at = |k: i32| {
        let x = 2.0 * f64::from(k) / f64::from(corners - 1) - 1.0;
        [x, if k % 2 == 0 { height } else { -height }]
    };
    lined(vec![(0..corners).map(at).collect()], PI)
}

fn crescent(rng: &mut ChaCha8Rng) -> Form {
    let (tip, inner) = (between(0.6, 0.95, rng), between(-0.35, 0.0, rng));
    // The inner arc goes through both tips and through [inner, 0].
    let (x, y) = (tip.cos(), tip.sin());
    let centre = (x * x + y * y - inner * inner) / (2.0 * (x - inner));
    let (radius, half) = (centre - inner, y.atan2(centre - x));
    let outer = (0..=40).map(|k| tip + (TAU - 2.0 * tip) * f64::from(k) / 40.0);
    let outer = outer.map(|angle| [angle.cos(), angle.sin()]);
    let back = (1..30).map(|k| half * (f64::from(k) / 15.0 - 1.0));
    let back = back.map(|angle| [centre - radius * angle.cos(), radius * angle.sin()]);
    outlined(outer.chain(back).collect(), PI, rng)
}
