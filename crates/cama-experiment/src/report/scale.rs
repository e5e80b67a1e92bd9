//! Where values are on paper: linear, logarithmic and named axes, and their ticks.

use super::text;
use crate::outcome::Axis;

/// Share of a logarithmic axis that is kept for the value 0, which has no logarithm.
const ZERO_ROOM: f64 = 0.1;

/// Maps the values of an axis to positions.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    kind: Kind,
    /// The values at both ends; the logarithms of a logarithmic axis.
    ends: [f64; 2],
    /// The positions of both ends.
    places: [f64; 2],
}

#[derive(Clone, Debug)]
enum Kind {
    Linear,
    /// With a place apart for 0 where there is one, and labels in per cent where the axis is of shares.
    Logarithmic {
        zero: bool,
        percent: bool,
    },
    Names(Vec<String>),
}

/// A mark on an axis, with its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) place: f64,
    pub(super) label: String,
}

impl Scale {
    /// A scale from `places[0]` to `places[1]` that shows all `values`, or the axis' own range.
    ///
    /// With `unit`, an axis of which nothing is said and whose values are all between 0 and 1 shows all of that.
    pub(super) fn new(axis: &Axis, values: &[f64], unit: bool, places: [f64; 2]) -> Self {
        if let Some(names) = &axis.names {
            // Half a place more on both sides.
            let ends = [-0.5, names.len() as f64 - 0.5];
            return Scale { kind: Kind::Names(names.clone()), ends, places };
        }
        if axis.logarithmic {
            let zero = values.contains(&0.0);
            let positive = bounds(values.iter().copied().filter(|value| *value > 0.0));
            let [low, high] = axis.range.or(positive).unwrap_or([0.001, 1.0]);
            let percent = in_percent(axis, high);
            let ends = match axis.range {
                Some(_) => [low.log10(), high.log10()],
                None => padded([low.log10(), high.log10()], 0.04, 0.5),
            };
            return Scale { kind: Kind::Logarithmic { zero, percent }, ends, places };
        }
        let ends = match (axis.range, bounds(values.iter().copied())) {
            (Some(range), _) => range,
            (None, Some([low, high])) if unit && low >= 0.0 && high <= 1.0 => [0.0, 1.0],
            (None, Some(seen)) => padded(seen, 0.05, 0.5),
            (None, None) => [0.0, 1.0],
        };
        Scale { kind: Kind::Linear, ends, places }
    }

    /// The position of a value.
    pub(super) fn place(&self, value: f64) -> f64 {
        let [low, high] = self.ends;
        let share = match &self.kind {
            Kind::Linear | Kind::Names(_) => (value - low) / (high - low),
            Kind::Logarithmic { zero: false, .. } => (value.log10() - low) / (high - low),
            Kind::Logarithmic { zero: true, .. } if value <= 0.0 => ZERO_ROOM / 4.0,
            Kind::Logarithmic { zero: true, .. } => {
                ZERO_ROOM + (1.0 - ZERO_ROOM) * (value.log10() - low) / (high - low)
            }
        };
        self.places[0] + share * (self.places[1] - self.places[0])
    }

    /// Whether the value is between the ends, but for rounding.
    pub(super) fn shows(&self, value: f64) -> bool {
        let [a, b] = self.places;
        let place = self.place(value);
        place >= a.min(b) - 0.5 && place <= a.max(b) + 0.5
    }

    /// The names of the places, of an axis that has names.
    pub(super) fn names(&self) -> Option<&[String]> {
        match &self.kind {
            Kind::Names(names) => Some(names),
            _ => None,
        }
    }

    /// The values at both ends, as the axis has them.
    pub(super) fn range(&self) -> [f64; 2] {
        match self.kind {
            Kind::Logarithmic { .. } => self.ends.map(|end| 10f64.powf(end)),
            _ => self.ends,
        }
    }

    /// How far apart the names are; the whole length if there are none.
    pub(super) fn slot(&self) -> f64 {
        let length = (self.places[1] - self.places[0]).abs();
        length / self.names().map_or(1.0, |names| names.len().max(1) as f64)
    }

    /// Where a logarithmic axis is broken between 0 and its first value.
    pub(super) fn gap(&self) -> Option<f64> {
        let zero = matches!(self.kind, Kind::Logarithmic { zero: true, .. });
        zero.then(|| self.places[0] + ZERO_ROOM * 0.7 * (self.places[1] - self.places[0]))
    }

    /// Whether a line may join the two values: not over the gap, and not from name to name.
    pub(super) fn joins(&self, from: f64, to: f64) -> bool {
        match self.kind {
            Kind::Names(_) => false,
            Kind::Linear => true,
            Kind::Logarithmic { .. } => from > 0.0 && to > 0.0,
        }
    }

    /// About `wanted` round values with their labels; all names of an axis that has names.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        let tick = |value: f64, label: String| Tick { place: self.place(value), label };
        match &self.kind {
            Kind::Names(names) => {
                names.iter().enumerate().map(|(i, name)| tick(i as f64, name.clone())).collect()
            }
            Kind::Linear => {
                let (values, decimals) = round_values(self.ends, wanted);
                values.into_iter().map(|value| tick(value, text::fixed(value, decimals))).collect()
            }
            Kind::Logarithmic { zero, percent } => {
                let label = |value: f64| text::place(value, *percent);
                let mut ticks: Vec<Tick> = Vec::new();
                ticks.extend(zero.then(|| tick(0.0, label(0.0))));
                ticks.extend(powers(self.ends, wanted).into_iter().map(|value| tick(value, label(value))));
                ticks
            }
        }
    }

    /// Positions of the finer marks of a logarithmic axis: 2, 3, … 9 times each power of ten.
    pub(super) fn fine(&self) -> Vec<f64> {
        let Kind::Logarithmic { .. } = self.kind else { return Vec::new() };
        let (first, last) = (self.ends[0].floor() as i32, self.ends[1].ceil() as i32);
        if last - first > 8 {
            return Vec::new();
        }
        let values =
            (first..last).flat_map(|power| (2..10).map(move |times| f64::from(times) * 10f64.powi(power)));
        values.filter(|value| within(self.ends, value.log10())).map(|value| self.place(value)).collect()
    }
}

/// Whether the numbers of an axis are written in per cent: of a logarithmic one that is of shares up to all.
pub(super) fn in_percent(axis: &Axis, highest: f64) -> bool {
    axis.logarithmic && highest <= 1.0 && axis.label.to_lowercase().contains("share")
}

fn bounds(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    values.fold(None, |seen, value| match seen {
        None => Some([value, value]),
        Some([low, high]) => Some([low.min(value), high.max(value)]),
    })
}

/// A little more than what was seen, so that marks are not cut; `alone` around a single value.
fn padded([low, high]: [f64; 2], share: f64, alone: f64) -> [f64; 2] {
    let more = (high - low) * share;
    // Of large numbers that are close to each other, the difference may be lost.
    let more = if low - more < low && high + more > high { more } else { alone.max(low.abs() * 0.1) };
    [low - more, high + more]
}

fn within([low, high]: [f64; 2], value: f64) -> bool {
    let slack = (high - low) * 1e-9;
    value >= low - slack && value <= high + slack
}

/// Multiples of 1, 2, 2.5 or 5 times a power of ten, and the decimals that they need.
fn round_values(ends: [f64; 2], wanted: usize) -> (Vec<f64>, usize) {
    let rough = (ends[1] - ends[0]) / wanted.max(1) as f64;
    let power = rough.log10().floor();
    let unit = 10f64.powf(power);
    let (step, more) = [(1.0, 0), (2.0, 0), (2.5, 1), (5.0, 0), (10.0, 0)]
        .into_iter()
        .find(|(step, _)| step * unit >= rough * 0.999)
        .unwrap_or((10.0, 0));
    let decimals = (-(power as i32) + more).clamp(0, 12) as usize;
    let decimals = if step == 10.0 { decimals.saturating_sub(1) } else { decimals };
    let step = step * unit;
    let first = (ends[0] / step).ceil();
    let count = ((ends[1] / step - first).floor() as usize).min(50) + 1;
    let values = (0..count).map(|i| (first + i as f64) * step);
    (values.filter(|value| within(ends, *value)).collect(), decimals)
}

/// Powers of ten between two logarithms, with 2 and 5 times them where these are few.
fn powers(ends: [f64; 2], wanted: usize) -> Vec<f64> {
    let (first, last) = (ends[0].floor() as i32, ends[1].ceil() as i32);
    let wanted = wanted.max(2) as f64;
    for times in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]] {
        let every =
            if times.len() > 1 { 1 } else { (f64::from(last - first) / wanted).ceil().max(1.0) as i32 };
        let decades = (first..=last).filter(|power| power % every == 0);
        let values: Vec<f64> = decades
            .flat_map(|power| times.iter().map(move |times| times * 10f64.powi(power)))
            .filter(|value| within(ends, value.log10()))
            .collect();
        if values.len() as f64 <= wanted || times.len() == 1 {
            return values;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axis(label: &str, logarithmic: bool) -> Axis {
        Axis { label: label.into(), range: None, names: None, logarithmic }
    }

    fn labels(scale: &Scale, wanted: usize) -> Vec<String> {
        scale.ticks(wanted).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn shares_of_a_logarithmic_axis_are_equally_far_apart_by_factors() {
        let ranged = Axis { range: Some([0.001, 1.0]), ..axis("share of the data", true) };
        let scale = Scale::new(&ranged, &[0.01], false, [100.0, 400.0]);
        let places = [0.001, 0.01, 0.1, 1.0].map(|share| scale.place(share).round());
        assert_eq!(places, [100.0, 200.0, 300.0, 400.0]);
        assert_eq!(labels(&scale, 5), ["0.1%", "1%", "10%", "100%"]);
        assert_eq!(labels(&scale, 8), ["0.1%", "0.3%", "1%", "3%", "10%", "30%", "100%"]);
        assert!(scale.joins(0.001, 0.01) && !scale.shows(0.0001));
    }

    #[test]
    fn nothing_has_a_place_apart_on_a_logarithmic_axis() {
        let scale = Scale::new(&axis("share", true), &[0.0, 0.001, 1.0], false, [0.0, 100.0]);
        assert_eq!(labels(&scale, 5)[..2], ["0%", "0.1%"]);
        assert!(scale.place(0.0) < scale.gap().unwrap() && scale.gap().unwrap() < scale.place(0.001));
        assert!(!scale.joins(0.0, 0.001));
    }

    #[test]
    fn names_are_in_the_middles_of_equal_slots() {
        let named = Axis { names: Some(["a", "b", "c"].map(String::from).into()), ..axis("", false) };
        let scale = Scale::new(&named, &[], false, [0.0, 300.0]);
        assert_eq!([0.0, 1.0, 2.0].map(|i| scale.place(i)), [50.0, 150.0, 250.0]);
        assert_eq!(scale.slot(), 100.0);
        assert_eq!(labels(&scale, 1), ["a", "b", "c"]);
        assert!(!scale.joins(0.0, 1.0));
    }

    #[test]
    fn accuracies_are_shown_from_nothing_to_all() {
        let scale = Scale::new(&axis("accuracy", false), &[0.4, 0.9], true, [300.0, 0.0]);
        assert_eq!([0.0, 0.25, 1.0].map(|y| scale.place(y)), [300.0, 225.0, 0.0]);
        assert_eq!(labels(&scale, 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let losses = Scale::new(&axis("loss", false), &[90.0, 140.0], true, [300.0, 0.0]);
        assert!(losses.shows(90.0) && losses.shows(140.0) && !losses.shows(0.0));
        assert_eq!(labels(&losses, 5), ["100", "120", "140"]);
    }

    #[test]
    fn ticks_have_the_decimals_that_they_need() {
        let at = |range| Scale::new(&Axis { range: Some(range), ..axis("", false) }, &[], false, [0.0, 1.0]);
        assert_eq!(labels(&at([0.0, 0.5]), 5), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels(&at([0.0, 10.0]), 4), ["0.0", "2.5", "5.0", "7.5", "10.0"]);
        assert_eq!(labels(&at([-1.0, 1.0]), 4), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(&at([0.0, 3000.0]), 3), ["0", "1000", "2000", "3000"]);
    }

    proptest! {
        #[test]
        fn all_values_are_shown_and_ticks_are_few_and_inside(
            values in prop::collection::vec(-1e100f64..1e100, 0..6),
            tiny in prop::collection::vec(1e-300f64..1e-290, 0..3),
            logarithmic: bool,
            wanted in 0usize..12,
        ) {
            let mut values = values;
            values.extend(tiny);
            if logarithmic {
                values.iter_mut().for_each(|value| *value = value.abs());
            }
            let scale = Scale::new(&axis("x", logarithmic), &values, false, [10.0, 200.0]);
            for value in &values {
                prop_assert!(scale.shows(*value), "{value} in {scale:?}");
            }
            let ticks = scale.ticks(wanted);
            prop_assert!(ticks.len() <= 52);
            prop_assert!(ticks.iter().all(|tick| (9.0..=201.0).contains(&tick.place)), "{ticks:?}");
        }
    }
}
