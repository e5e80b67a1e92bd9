//! Checks of what a report cannot show, before anything is written.

use cama::{Error, Result};

use crate::outcome::{Axis, Outcome, Panel, Reach};

/// The largest number that axes are made for.
const LARGEST: f64 = 1e100;

/// Every experiment has a name for its files that no other one has, and numbers that can be drawn.
pub(super) fn check(reach: &Reach) -> Result<()> {
    for (i, outcome) in reach.outcomes.iter().enumerate() {
        let name = &outcome.name;
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
            return Err(Error::config(
                format!("outcomes[{i}].name"),
                format!("{name:?}"),
                "1 to 100 letters (a to z, A to Z), digits, - and _, since files are named so",
            ));
        }
        let same = |other: &Outcome| other.name.eq_ignore_ascii_case(name);
        if reach.outcomes[..i].iter().any(same) {
            return Err(Error::config(
                format!("outcomes[{i}].name"),
                name,
                "unlike that of the experiments before it, since files are named so",
            ));
        }
        outcome.panels.iter().enumerate().try_for_each(|(j, panel)| check_panel(name, j, panel))?;
    }
    Ok(())
}

fn check_panel(name: &str, at: usize, panel: &Panel) -> Result<()> {
    let field = format!("{name}.panels[{at}]");
    check_axis(&format!("{field}.x"), &panel.x)?;
    check_axis(&format!("{field}.y"), &panel.y)?;
    for (i, series) in panel.series.iter().enumerate() {
        let field = format!("{field}.series[{i}] ({})", series.name);
        if panel.series[..i].iter().any(|other| other.name == series.name) {
            return Err(Error::config(format!("{field}.name"), &series.name, "unlike that of the others"));
        }
        for (j, point) in series.points.iter().enumerate() {
            let field = format!("{field}.points[{j}]");
            check_value(&format!("{field}.x"), point.x, &panel.x)?;
            let [low, high] = point.interval;
            for (part, y) in [("y", point.y), ("interval[0]", low), ("interval[1]", high)] {
                check_value(&format!("{field}.{part}"), y, &panel.y)?;
            }
            if let Some(value) = point.values.iter().find(|value| !value.is_finite()) {
                return Err(Error::config(format!("{field}.values"), value, "finite numbers"));
            }
        }
    }
    Ok(())
}

fn check_axis(field: &str, axis: &Axis) -> Result<()> {
    if let Some([low, high]) = axis.range {
        let shown = || format!("[{low}, {high}]");
        let least = if axis.logarithmic { f64::MIN_POSITIVE } else { -LARGEST };
        // So far apart that there are numbers between them.
        let apart = (high - low) > 1e-9 * low.abs().max(high.abs());
        if !(low >= least && high <= LARGEST && apart) {
            let allowed = match axis.logarithmic {
                true => "a smaller and a larger number, both above 0, since the axis is logarithmic",
                false => "a smaller and a larger number",
            };
            return Err(Error::config(format!("{field}.range"), shown(), allowed));
        }
    }
    Ok(())
}

fn check_value(field: &str, value: f64, axis: &Axis) -> Result<()> {
    let allowed = match &axis.names {
        Some(names) if value.fract() != 0.0 || !(0.0..names.len() as f64).contains(&value) => {
            format!("a whole number from 0 to {}, a place of the axis' names", names.len() as f64 - 1.0)
        }
        _ if value.is_nan() || value.abs() > LARGEST => {
            format!("a number from {:e} to {LARGEST:e}", -LARGEST)
        }
        None if axis.logarithmic && value < 0.0 => "0 or more, since the axis is logarithmic".into(),
        _ => return Ok(()),
    };
    Err(Error::config(field, value, allowed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{outcome, panel, series};

    fn refused(change: impl FnOnce(&mut Reach)) -> String {
        let one = || Outcome { panels: vec![panel(vec![series("a", &[[0.0, 0.5]])])], ..outcome("one") };
        let mut reach =
            Reach { outcomes: vec![one(), Outcome { name: "two".into(), ..one() }], left_out: vec![] };
        check(&reach).unwrap();
        change(&mut reach);
        check(&reach).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_shown_is_refused_with_its_place() {
        for name in ["", "a/b", "..", "ä", "a b"] {
            let text = refused(|reach| reach.outcomes[1].name = name.into());
            assert!(text.starts_with(&format!("outcomes[1].name = {name:?}: must be ")), "{text}");
        }
        let text = refused(|reach| reach.outcomes[1].name = "ONE".into());
        assert!(text.contains("unlike that of the experiments before it"), "{text}");
        for value in [f64::NAN, f64::INFINITY, -1e200] {
            let text = refused(|reach| reach.outcomes[0].panels[0].series[0].points[0].interval[1] = value);
            assert!(text.starts_with("one.panels[0].series[0] (a).points[0].interval[1] = "), "{text}");
        }
        let text = refused(|reach| reach.outcomes[0].panels[0].series[0].points[0].values[0] = f64::NAN);
        assert!(text.contains("values = NaN"), "{text}");
        let text = refused(|reach| {
            let panel = &mut reach.outcomes[0].panels[0];
            panel.series.push(panel.series[0].clone());
        });
        assert!(text.contains("series[1] (a).name"), "{text}");
    }

    #[test]
    fn axes_must_have_places_for_their_points() {
        let text = refused(|reach| reach.outcomes[0].panels[0].x.names = Some(vec![]));
        assert!(text.contains("a whole number from 0"), "{text}");
        let text = refused(|reach| reach.outcomes[0].panels[0].x.range = Some([1.0, 1.0]));
        assert!(text.contains("[1, 1]: must be a smaller and a larger"), "{text}");
        let text = refused(|reach| {
            let x = &mut reach.outcomes[0].panels[0].x;
            (x.range, x.logarithmic) = (Some([0.0, 1.0]), true);
        });
        assert!(text.contains("since the axis is logarithmic"), "{text}");
        let text = refused(|reach| {
            let panel = &mut reach.outcomes[0].panels[0];
            panel.x.logarithmic = true;
            panel.series[0].points[0].x = -1.0;
        });
        assert!(text.contains("points[0].x = -1: must be 0 or more"), "{text}");
    }
}
