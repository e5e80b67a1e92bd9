//! How right classifiers stay under manipulations and attacks.

use maud::{Markup, html};

use super::{bar, page, percent};
use crate::evaluate::{Row, signs_of_masking};

/// The page; `noun` is what an example is called. Rows are compared that are of the same data, manipulation or attack, and made on
/// the same classifier.
pub fn evaluation(rows: &[Row], noun: &str) -> String {
    let (attacked, manipulated): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.attack.is_some());
    let signs = signs_of_masking(rows);
    let body = html! {
        p {
            "Shares of labelled " (noun) "s that are classified correctly, each with its 95% interval. What nothing was done to is "
            "called " b { "none" } "."
        }
        @if !manipulated.is_empty() {
            h2 { "Under manipulations" }
            (compared(&manipulated, "manipulation"))
        }
        @if !attacked.is_empty() {
            h2 { "Under attacks" }
            p.soft {
                "Small changes that were made to mislead: on the classifier itself, or on another, as it says. Attacks that only ask, "
                "such as square, see what is decided; others follow a gradient."
            }
            (compared(&attacked, "attack"))
            @if !signs.is_empty() {
                p { b { "Robustness may only be apparent:" } }
                ul { @for sign in &signs { li { (sign) } } }
            }
        }
        h2 { "All figures" }
        p.soft {
            "log p(y|x) of the true class and log p(x) are means, in nats; the calibration error is that between probabilities and how "
            "often they are right; restored and unexplained are what the guard made of the " (noun) "s."
        }
        (figures(rows))
    };
    page("How right classifiers stay", body)
}

/// A table with a line for what was done, and a column for each classifier.
fn compared(rows: &[&Row], what: &str) -> Markup {
    let mut classifiers: Vec<&str> = Vec::new();
    let mut lines: Vec<(&str, &str, &str)> = Vec::new();
    for row in rows {
        if !classifiers.contains(&row.classifier.as_str()) {
            classifiers.push(&row.classifier);
        }
        if !lines.contains(&done(row)) {
            lines.push(done(row));
        }
    }
    let several = rows.iter().any(|row| row.data != rows[0].data);
    let is_attack = rows.iter().any(|row| row.attack.is_some());
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        @if several { th { "data" } }
                        th { (what) }
                        @if is_attack { th { "made on" } }
                        @for classifier in &classifiers { th { (classifier) } }
                    }
                }
                tbody {
                    @for line in &lines {
                        tr {
                            @if several { th { (line.0) } }
                            th { (line.1) }
                            @if is_attack { td { (line.2) } }
                            @for classifier in &classifiers {
                                @let of = |row: &&&Row| done(row) == *line && row.classifier == *classifier;
                                td { @if let Some(row) = rows.iter().find(of) { (accuracy(row)) } @else { "–" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The data, what was done to it, and on which classifier it was made; of an attack that was made on each itself that is said so.
fn done(row: &Row) -> (&str, &str, &str) {
    let made_on = row.attack.as_ref().map_or("", |attack| match attack.made_on == row.classifier {
        true => "itself",
        false => &attack.made_on,
    });
    (&row.data, &row.manipulation, made_on)
}

fn accuracy(row: &Row) -> Markup {
    let [low, high] = row.score.accuracy_interval.map(percent);
    html! { (bar(row.score.accuracy, "")) span.soft { (low) " – " (high) } }
}

fn figures(rows: &[Row]) -> Markup {
    let head = [
        "data",
        "done",
        "made on",
        "classifier",
        "severity",
        "accuracy",
        "log p(y|x)",
        "calibration error",
        "log p(x)",
        "restored",
        "unexplained",
        "examples",
    ];
    let share = |share: Option<f64>| share.map_or("–".into(), percent);
    html! {
        div.scroll {
            table {
                thead { tr { @for name in head { th { (name) } } } }
                tbody {
                    @for row in rows {
                        @let score = &row.score;
                        tr {
                            td { (row.data) }
                            td { (row.manipulation) }
                            td { (row.attack.as_ref().map_or("–", |attack| &attack.made_on)) }
                            th { (row.classifier) }
                            td { (row.severity) }
                            td { (format!("{:.4}", score.accuracy)) }
                            td { (format!("{:.4}", score.log_likelihood)) }
                            td { (format!("{:.4}", score.calibration_error)) }
                            td { (score.log_px.map_or("–".into(), |log_px| format!("{log_px:.2}"))) }
                            td { (share(row.guard.map(|guard| guard.restored))) }
                            td { (share(row.guard.map(|guard| guard.unexplained))) }
                            td { (score.n) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Attacked, Shares};
    use crate::metrics::Score;

    fn row(manipulation: &str, classifier: &str, right: usize, made_on: Option<&str>) -> Row {
        let probabilities = vec![vec![0.9, 0.1]; 20];
        let labels: Vec<usize> = (0..20).map(|i| usize::from(i >= right)).collect();
        let attack = made_on.map(|made_on| Attacked {
            made_on: made_on.into(),
            loss_before: 0.1,
            loss_half: 1.0,
            loss_after: 2.0,
            misled: 0.5,
            flat: 0.0,
        });
        Row {
            data: "patients & more".into(),
            classifier: classifier.into(),
            manipulation: manipulation.into(),
            severity: 0.1,
            score: Score::of_probabilities(&probabilities, &labels).unwrap(),
            guard: Some(Shares { restored: 0.25, as_they_were: 0.75, unexplained: 0.0, suspicious: 0.0 }),
            attack,
        }
    }

    #[test]
    fn every_row_has_its_place_and_what_is_not_there_has_none() {
        let rows = [
            row("none", "cama", 20, None),
            row("none", "<mine>", 18, None),
            row("rotate:30", "cama", 19, None),
            row("square:0.1", "cama", 10, Some("cama")),
            row("square:0.1", "<mine>", 5, Some("<mine>")),
            row("pgd:0.1", "<mine>", 4, Some("cama")),
        ];
        let page = evaluation(&rows, "row");
        // Of two by two one is missing; of the attacks one was made on another.
        assert_eq!(page.matches("<td>–</td>").count(), 3 + 6 + 1 + 1);
        assert_eq!(page.matches("<td>itself</td>").count(), 1);
        assert!(page.contains("&lt;mine&gt;") && !page.contains("<mine>"));
        assert!(page.contains("90.0%") && page.contains("Under attacks") && page.contains("25.0%"));
        assert!(!evaluation(&rows[..3], "row").contains("Under attacks"));
    }
}
