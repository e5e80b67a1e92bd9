//! Signs that gradients are masked, and robustness is only apparent (Athalye et al., ICML 2018; Carlini et al., 2019).

use super::row::Row;
use crate::attack::{Attack, Method};

/// The 97.5% quantile of the standard normal distribution.
const Z_95: f64 = 1.96;

/// Of how many nats a loss must rise at least over the second half of the steps for the first half to have gone wrong; less is
/// noise.
const NOTICEABLE: f64 = 0.05;

/// The share of examples without a gradient from which on it is a sign.
const FLAT: f64 = 0.01;

/// A row, its attack and what it was made on.
type Seen<'a> = (&'a Row, Attack, &'a str);

/// The signs of masked gradients in these rows, each in words with its figures. Rows without an attack are ignored.
///
/// - An attack that sees less is stronger: `square`, or examples made on a surrogate, beyond noise.
/// - Accuracy rises with the radius beyond noise, or does not fall from one radius to another of twice the size or more.
/// - The loss is lower in the end than before, or than after half of the steps.
/// - One step is stronger than many.
/// - The gradient of one example in a hundred or more is exactly zero.
pub fn signs_of_masking(rows: &[Row]) -> Vec<String> {
    let seen = |row: &'_ Row| -> Option<Attack> { row.manipulation.parse().ok() };
    let rows: Vec<Seen> = rows
        .iter()
        .filter_map(|row| Some((row, seen(row)?, row.attack.as_ref()?.made_on.as_str())))
        .collect();
    let mut signs = Vec::new();
    for (row, attack, made_on) in &rows {
        let is_own = *made_on == row.classifier;
        if is_own && attack.method.needs_gradient() {
            signs.extend(stronger(&(row, *attack, made_on), &rows));
            signs.extend(falling_loss(row, attack));
            signs.extend(no_gradient(row, attack));
        }
    }
    signs.extend(with_the_radius(&rows));
    signs
}

/// Attacks that ought to be weaker than this one, made on the classifier itself, and are not.
fn stronger((row, attack, _): &Seen, rows: &[Seen]) -> Vec<String> {
    let comparable = |other: &&Seen| {
        let (of, like, _) = other;
        of.data == row.data
            && of.classifier == row.classifier
            && (like.eps, like.norm, like.targeted) == (attack.eps, attack.norm, attack.targeted)
            && attack.eps > 0.0
            && is_lower(of, row)
    };
    let sign = |(of, like, made_on): &Seen| {
        let what = match like.method {
            _ if *made_on != of.classifier => format!("`{like}` made on {made_on}"),
            Method::Square => format!("`{like}`, which sees no gradient,"),
            Method::Fgsm if attack.method != Method::Fgsm => format!("`{like}` with its one step"),
            _ => return None,
        };
        Some(format!(
            "{} may mask its gradients: {what} leaves it an accuracy of {:.3}, `{attack}` made on itself {:.3}",
            row.classifier, of.score.accuracy, row.score.accuracy
        ))
    };
    rows.iter().filter(comparable).filter_map(sign).collect()
}

/// Gradients that are exactly zero.
fn no_gradient(row: &Row, attack: &Attack) -> Option<String> {
    let flat = row.attack.as_ref().filter(|_| attack.eps > 0.0)?.flat;
    (flat >= FLAT).then(|| {
        format!(
            "{} masks its gradients: under `{attack}` that of {:.1}% of the examples is exactly zero, and the attack leaves \
             them where it begins",
            row.classifier,
            100.0 * flat
        )
    })
}

/// A loss that does not rise with the steps.
fn falling_loss(row: &Row, attack: &Attack) -> Option<String> {
    let made = row.attack.as_ref().filter(|_| attack.eps > 0.0)?;
    let (from, when) = match attack.method {
        _ if made.loss_after < made.loss_before => (made.loss_before, "before the attack"),
        // Of the ratio that `apgd-dlr` climbs, the cross-entropy is only a companion.
        Method::Fgsm | Method::ApgdDlr => return None,
        _ if made.loss_after < made.loss_half - NOTICEABLE => (made.loss_half, "after half of the steps"),
        _ => return None,
    };
    Some(format!(
        "{} may mask its gradients, or the steps are too long: under `{attack}` its loss is {:.3} nats in the end and was \
         {from:.3} {when}",
        row.classifier, made.loss_after
    ))
}

/// Accuracy that does not fall as it should where the radius grows.
fn with_the_radius(rows: &[Seen]) -> Vec<String> {
    let mut signs = Vec::new();
    for (i, (row, attack, made_on)) in rows.iter().enumerate() {
        let next = rows.iter().filter(|(of, like, on)| {
            of.data == row.data
                && of.classifier == row.classifier
                && on == made_on
                && like.at(attack.eps) == *attack
                && like.eps > attack.eps
        });
        let Some((next, larger, _)) = next.min_by(|(_, a, _), (_, b, _)| a.eps.total_cmp(&b.eps)) else {
            continue;
        };
        let rises = is_lower(row, next);
        // Where nothing is left, nothing can fall.
        let stands = attack.eps > 0.0
            && larger.eps >= 2.0 * attack.eps
            && next.score.accuracy >= row.score.accuracy
            && row.score.accuracy_interval[0] > 0.5;
        if rises || stands {
            signs.push(format!(
                "{} may mask its gradients: from `{attack}` to `{larger}` its accuracy goes from {:.3} to {:.3}, and it \
                 ought to fall",
                rows[i].0.classifier, row.score.accuracy, next.score.accuracy
            ));
        }
    }
    signs
}

/// Whether the accuracy of `a` is lower than that of `b` beyond noise.
fn is_lower(a: &Row, b: &Row) -> bool {
    let variance = |row: &Row| {
        // As if two of four more examples had been correct, so that none and all are not taken for certain.
        let n = row.score.n as f64 + 4.0;
        let p = (row.score.accuracy * row.score.n as f64 + 2.0) / n;
        p * (1.0 - p) / n
    };
    b.score.accuracy - a.score.accuracy > Z_95 * (variance(a) + variance(b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::row::Attacked;
    use super::*;
    use crate::Score;

    fn row(spec: &str, made_on: &str, right: usize, loss: [f64; 3]) -> Row {
        let probabilities: Vec<Vec<f64>> = vec![vec![0.6, 0.4]; 200];
        let labels: Vec<usize> = (0..200).map(|i| usize::from(i >= right)).collect();
        let [loss_before, loss_half, loss_after] = loss;
        Row {
            data: "d".into(),
            classifier: "mlp".into(),
            manipulation: spec.into(),
            severity: 0.0,
            score: Score::of_probabilities(&probabilities, &labels).unwrap(),
            guard: None,
            attack: Some(Attacked {
                made_on: made_on.into(),
                loss_before,
                loss_half,
                loss_after,
                misled: 0.0,
                flat: 0.0,
            }),
        }
    }

    const RISING: [f64; 3] = [0.1, 1.0, 2.0];

    #[test]
    fn every_sign_is_seen_and_reported() {
        let of = |rows: &[Row]| signs_of_masking(rows);
        let pgd = row("pgd:0.1", "mlp", 100, RISING);
        for (other, part) in [
            (
                row("square:0.1", "mlp", 60, RISING),
                "`square:0.1`, which sees no gradient, leaves it an accuracy of 0.300",
            ),
            (row("pgd:0.1", "cnn", 60, RISING), "`pgd:0.1` made on cnn leaves it an accuracy of 0.300"),
            (row("fgsm:0.1", "mlp", 60, RISING), "`fgsm:0.1` with its one step"),
            (
                row("pgd:0.2", "mlp", 150, RISING),
                "from `pgd:0.1` to `pgd:0.2` its accuracy goes from 0.500 to 0.750",
            ),
        ] {
            let signs = of(&[pgd.clone(), other]);
            assert!(signs.len() == 1 && signs[0].contains(part), "{part}: {signs:?}");
        }
        let signs = of(&[row("pgd:0.1", "mlp", 180, RISING), row("pgd:0.2", "mlp", 180, RISING)]);
        assert!(signs.len() == 1 && signs[0].contains("ought to fall"), "{signs:?}");
        let signs = of(&[row("pgd:0.1", "mlp", 100, [0.1, 2.0, 1.0])]);
        assert!(signs[0].contains("its loss is 1.000 nats in the end and was 2.000 after half"), "{signs:?}");
        let signs = of(&[row("fgsm:0.1", "mlp", 100, [0.3, 0.2, 0.2])]);
        assert!(signs[0].contains("was 0.300 before the attack"), "{signs:?}");
        let flat = |flat| {
            let row = row("pgd:0.1:loss=cross-entropy", "mlp", 100, RISING);
            let attack = row.attack.clone().map(|attack| Attacked { flat, ..attack });
            of(&[Row { attack, ..row }])
        };
        assert!(flat(0.25)[0].contains("that of 25.0% of the examples is exactly zero"), "{:?}", flat(0.25));
        assert_eq!(flat(0.005), [""; 0]);
    }

    #[test]
    fn what_is_as_it_should_be_says_nothing() {
        let clean = Row { attack: None, ..row("none", "mlp", 10, RISING) };
        let rows = [
            clean,
            row("pgd:0", "mlp", 198, [0.1, 0.1, 0.1]),
            row("pgd:0.1", "mlp", 100, RISING),
            row("pgd:0.2", "mlp", 0, RISING),
            row("pgd:0.4", "mlp", 0, RISING),
            row("fgsm:0.1", "mlp", 110, RISING),
            row("apgd-dlr:0.1", "mlp", 100, [0.1, 2.0, 1.0]),
            // Stronger, but within noise; made of another norm.
            row("square:0.1", "mlp", 95, RISING),
            row("square:0.1:norm=l2", "mlp", 0, RISING),
            row("pgd:0.1", "cnn", 150, RISING),
        ];
        assert_eq!(signs_of_masking(&rows), [""; 0]);
    }
}
