//! Whether restoring data as a whole makes it easier to classify, told without labels.

use serde::{Deserialize, Serialize};

use super::thresholds::{AS_OFTEN, LEAST_AGREEMENT, Thresholds};
use crate::predict::highest;

/// From what share on of explained examples data is what the mechanisms can express.
const INSIDE: f64 = 0.5;

/// From what share on rows that are explained as they are make data that nothing need have been done to.
const MOSTLY: f64 = 0.9;

/// Fewer examples say nothing of the data that they are from: standard errors of a few differences are themselves in error.
pub(super) const LEAST_EXAMPLES: usize = 20;

/// How many standard errors of a change cannot be chance where the images are explained as they are, whatever rehearsal asks for: the
/// best of some twenty states is judged, and by chance one of so many exceeds two standard errors every third time.
const BEYOND_CHANCE: f64 = 3.0;

/// How many standard errors of a change leave no doubt that it is one.
const SURELY: f64 = 4.0;

/// How many make one likely.
const LIKELY: f64 = 2.0;

/// A share of examples that passes for none.
const AS_CLEAN: f64 = 0.01;

/// What speaks for restoring data as a whole, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// By how many standard errors the discriminative classifier is surer of the restored examples than of those as they are.
    pub surer: f64,
    /// That, and by how many Bayes' rule agrees more often, taken together, of images only as far as it agrees with what the classifier
    /// now says of those of which it said something else; missing in models that an earlier version adapted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<f64>,
    /// How many are asked for: of images by either.
    pub least: f64,
    /// On what share Bayes' rule agrees with it: as they are, and restored.
    pub agreement: [f64; 2],
    /// The same on clean examples, where a guard knows it.
    pub on_clean: Option<f64>,
    /// On what share it is asked to agree, of images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<f64>,
    /// What share, restored, is explained as clean examples are.
    pub explained: f64,
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { surer, together, least, agreement: [before, after], on_clean, asked, explained } = self;
        let percent = |share: &f64| format!("{:.0}%", 100.0 * share);
        let how = if *surer < 0.0 { "less sure" } else { "surer" };
        write!(f, "the direct classifier is {how} by {:.1} standard errors (", surer.abs())?;
        if let Some(together) = together {
            write!(f, "{together:.1} together with how much more often Bayes' rule agrees; ")?;
        }
        write!(
            f,
            "{least:.1} are asked for), Bayes' rule agrees with it on {} (on {} as it is",
            percent(after),
            percent(before)
        )?;
        if let Some(on_clean) = on_clean {
            write!(f, ", on {} of clean data", percent(on_clean))?;
        }
        if let Some(asked) = asked.as_ref().filter(|asked| *asked > after) {
            write!(f, "; {} are asked for", percent(asked))?;
        }
        write!(f, "), and {} is explained as clean data is", percent(explained))
    }
}

/// What the discriminative classifier and Bayes' rule say of an example as it is asked about: as it is, or restored.
pub(crate) struct Answer {
    /// log p(y|x) of every class by the discriminative classifier; empty where there is none.
    pub direct: Vec<f64>,
    /// log p(y|x) of every class by Bayes' rule.
    pub bayes: Vec<f64>,
    /// How badly the example is explained, restored if anything is to be, in nats.
    pub anomaly_score: f64,
    /// The same as it is judged: of a data set with a global m, as it was where that explains it better.
    pub judged: f64,
}

/// What they say of each of many.
#[derive(Clone)]
pub(crate) struct Answers {
    /// The highest probability that the discriminative classifier gives.
    confidence: Vec<f64>,
    /// The most probable classes, by the discriminative classifier and by Bayes' rule; the former's where there is none.
    classes: Vec<[usize; 2]>,
    /// Whether they are the same, of an example that can be explained at all.
    agrees: Vec<bool>,
    /// Whether the example is explained as clean ones are, where there is a guard.
    explained: Vec<bool>,
}

/// Mean and standard error of differences.
pub(crate) fn mean_and_error(differences: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = differences.len() as f64;
    let mean = differences.clone().sum::<f64>() / n;
    let variance = differences.map(|d| (d - mean).powi(2)).sum::<f64>() / n;
    (mean, (variance / n).sqrt())
}

/// The mean of differences in its standard errors.
fn in_standard_errors(differences: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let (mean, error) = mean_and_error(differences);
    if mean == 0.0 { 0.0 } else { mean / error.max(1e-12) }
}

/// Two numbers of standard errors as one (Stouffer et al., The American Soldier 1, 1949).
fn together(a: f64, b: f64) -> f64 {
    (a + b) / 2f64.sqrt()
}

impl Answers {
    /// What is said; an example is explained if its anomaly score is at most this.
    pub fn of(answers: &[Answer], threshold: Option<f64>) -> Self {
        let mut all =
            Self { confidence: Vec::new(), classes: Vec::new(), agrees: Vec::new(), explained: Vec::new() };
        for Answer { direct, bayes, anomaly_score, .. } in answers {
            let by_bayes = highest(bayes);
            let class = if direct.is_empty() { by_bayes } else { highest(direct) };
            all.confidence.push(direct.get(class).map_or(0.0, |log_p| log_p.exp()));
            all.classes.push([class, by_bayes]);
            all.agrees.push(*anomaly_score < f64::INFINITY && class == by_bayes);
            all.explained.push(threshold.is_none_or(|threshold| *anomaly_score <= threshold));
        }
        all
    }

    /// How many standard errors the discriminative classifier is surer than in `before`, and by how much Bayes' rule agrees
    /// more often, as a share.
    pub fn rise(&self, before: &Answers) -> (f64, f64) {
        let surer = self.confidence.iter().zip(&before.confidence).map(|(after, before)| after - before);
        (in_standard_errors(surer), self.agreement() - before.agreement())
    }

    /// How strongly these answers are for restoring images: by how many standard errors the discriminative classifier is surer, or by how
    /// many it is surer and Bayes' rule bears it out, [together](Self::rise_of_images), if those are more.
    ///
    /// Not at all if Bayes' rule agrees no more often, or on too few ([`asked`](Self::asked)); nor of images that are explained as
    /// they are, to which nothing need have been done, up to three standard errors of both. `on_clean` is how often they agree on clean
    /// examples. Of photographs with bars or of which a half is inverted the classifier is as sure as of any, and wrong: alone it does
    /// not tell that they are restored.
    pub fn evidence(&self, before: &Answers, on_clean: f64, thresholds: &Thresholds) -> f64 {
        self.evidence_short_of(before, on_clean, thresholds, 0.0, 0.0)
    }

    /// The same where `short` less agreement is asked for, as a share, and it may have fallen by so many standard errors.
    fn evidence_short_of(
        &self,
        before: &Answers,
        on_clean: f64,
        thresholds: &Thresholds,
        short: f64,
        fallen: f64,
    ) -> f64 {
        if self.agrees.len() < LEAST_EXAMPLES {
            return f64::NEG_INFINITY;
        }
        let both = self.rise_of_images(before);
        let likely = before.explained() < MOSTLY || both > BEYOND_CHANCE;
        let agrees = self.agree_more_often(before) > -fallen
            && self.agreement() + short >= self.asked(before, on_clean, thresholds);
        if agrees && likely { both.max(self.rise(before).0) } else { f64::NEG_INFINITY }
    }

    /// On what share Bayes' rule must agree with the discriminative classifier for restoration: less often than on clean
    /// examples as far as the restored ones are explained as those are, and nearly as often as far as they are not; as often as
    /// rehearsal says if it agrees more often beyond doubt.
    fn asked(&self, before: &Answers, on_clean: f64, thresholds: &Thresholds) -> f64 {
        let [of_explained, of_unexplained] = match self.agree_more_often(before) > SURELY {
            true => [thresholds.explained, thresholds.unexplained],
            false => [LEAST_AGREEMENT, AS_OFTEN],
        };
        let explained = self.explained();
        (explained * of_explained + (1.0 - explained) * of_unexplained) * on_clean
    }

    /// Where the discriminative classifier is surer of the restored images, or Bayes' rule bears it out, and they likely agree more often:
    /// on what share of their agreement on clean examples they do.
    pub fn likely_agreement(&self, before: &Answers, on_clean: f64) -> Option<f64> {
        let (surer, _) = self.rise(before);
        let likely =
            self.agree_more_often(before) > LIKELY && (surer > 0.0 || self.rise_of_images(before) > LIKELY);
        likely.then(|| self.agreement() / on_clean)
    }

    /// Whether Bayes' rule and the discriminative classifier agree on enough of the examples for both to have a say: images in
    /// fog are smooth and explained better than clean ones, and yet Bayes' rule is wrong on most of them.
    ///
    /// `on_clean` is on what share of clean examples they agree. Of either share only what guesses among so many `classes` would
    /// not agree on counts (Bennett, Alpert & Goldstein, Public Opinion Quarterly 18, 1954): of two classes what is above a half.
    pub fn speak_for_bayes(&self, on_clean: f64, classes: usize) -> bool {
        let by_chance = 1.0 / classes as f64;
        self.agreement() - by_chance >= LEAST_AGREEMENT * (on_clean - by_chance)
    }

    /// Whether most examples are explained as clean ones are.
    pub fn are_explained(&self) -> bool {
        self.explained() >= INSIDE
    }

    /// What speaks for restored images, or against them.
    pub fn compared(&self, before: &Answers, on_clean: Option<f64>, thresholds: &Thresholds) -> Comparison {
        let at_rest = before.explained() >= MOSTLY;
        let least = if at_rest { thresholds.rise.max(BEYOND_CHANCE) } else { thresholds.rise };
        let asked = Some(self.asked(before, on_clean.unwrap_or(1.0), thresholds));
        let together = Some(self.rise_of_images(before));
        Comparison { asked, together, ..self.compared_rows(before, on_clean, least) }
    }

    /// The same of rows of a table.
    pub fn compared_rows(&self, before: &Answers, on_clean: Option<f64>, least: f64) -> Comparison {
        Comparison {
            surer: self.rise(before).0,
            together: Some(self.rise_of_both(before)),
            least,
            agreement: [before.agreement(), self.agreement()],
            on_clean,
            asked: None,
            explained: self.explained(),
        }
    }

    /// Whether restoration is to be kept.
    pub fn are_better(&self, before: &Answers, on_clean: f64, thresholds: &Thresholds) -> bool {
        self.evidence(before, on_clean, thresholds) > thresholds.rise
    }

    /// Whether the examples may well be of data that was found to be better restored: there is any [evidence](Self::evidence) of it,
    /// Bayes' rule agrees less often by no more than two standard errors, and as often as is asked for, but for two standard errors of
    /// the difference between these examples and the `found` ones of that data. Else whether a batch is restored would change with the
    /// samples of z, and with the examples, where the data is close to what is asked for.
    pub fn may_be_better(
        &self,
        before: &Answers,
        found: usize,
        on_clean: f64,
        thresholds: &Thresholds,
    ) -> bool {
        let agreement = self.agreement();
        let share = |n: usize| 1.0 / n.max(1) as f64;
        let error = (agreement * (1.0 - agreement) * (share(self.agrees.len()) + share(found))).sqrt();
        self.evidence_short_of(before, on_clean, thresholds, LIKELY * error, LIKELY) > 0.0
    }

    /// How strongly these answers are for what was found of a whole data set, under a factor model: without bound if the two
    /// agree more often beyond doubt, or as often as on clean rows, and more often than before or of rows that were not
    /// explained; else by how many standard errors the two agree more often and the discriminative classifier is surer, taken
    /// together; not at all if they agree no more often, or far less than on clean rows.
    ///
    /// `on_clean` is how often they agree on clean rows, where that is known. Of rows far from all that it has learnt from a
    /// network may be surer than of any other, and Bayes' rule give the same wrong class: neither alone tells.
    pub fn evidence_globally(&self, before: &Answers, on_clean: Option<f64>) -> f64 {
        if self.agrees.len() < LEAST_EXAMPLES {
            return f64::NEG_INFINITY;
        }
        let (_, more_often) = self.rise(before);
        let as_clean = on_clean.is_some_and(|on_clean| self.agreement() >= on_clean - AS_CLEAN);
        if on_clean.is_some_and(|on_clean| self.agreement() < LEAST_AGREEMENT * on_clean) {
            return f64::NEG_INFINITY;
        }
        match more_often > 0.0 {
            _ if as_clean && before.explained() < MOSTLY => f64::INFINITY,
            true if as_clean || self.agree_more_often(before) > SURELY => f64::INFINITY,
            true => self.rise_of_both(before),
            false => f64::NEG_INFINITY,
        }
    }

    /// The same of rows that networks make, of which no noise is inferred: what is found may explain a row or not. Without
    /// bound if it explains most rows and few were explained before; not at all if it leaves most rows unexplained, or the two
    /// agree no more often.
    pub fn evidence_of_rows(&self, before: &Answers, on_clean: Option<f64>) -> f64 {
        let few = self.agrees.len() < LEAST_EXAMPLES;
        let apart = on_clean.is_some_and(|on_clean| self.agreement() < LEAST_AGREEMENT * on_clean);
        if few || apart || self.explained() < INSIDE {
            return f64::NEG_INFINITY;
        }
        match self.rise(before) {
            _ if before.explained() < INSIDE => f64::INFINITY,
            (_, more_often) if more_often <= 0.0 => f64::NEG_INFINITY,
            _ => self.rise_of_both(before),
        }
    }

    /// By how many standard errors the two agree more often than in `before`.
    pub fn agree_more_often(&self, before: &Answers) -> f64 {
        let number = |agrees: &bool| f64::from(u8::from(*agrees));
        in_standard_errors(self.agrees.iter().zip(&before.agrees).map(|(a, b)| number(a) - number(b)))
    }

    /// By how many standard errors the discriminative classifier is surer than in `before` and the two agree more often, as one
    /// number, Stouffer's. That it is less sure counts up to a point: far from all that it has learnt it is too sure.
    fn rise_of_both(&self, before: &Answers) -> f64 {
        let (surer, _) = self.rise(before);
        together(surer.max(-SURELY), self.agree_more_often(before))
    }

    /// The same of images, as far as Bayes' rule agrees with what the discriminative classifier now says of those of which it said
    /// something else: clothes with a covered square it tells as well as clean ones, and filling the square helps Bayes' rule alone.
    fn rise_of_images(&self, before: &Answers) -> f64 {
        let (surer, _) = self.rise(before);
        together(surer.max(-SURELY), self.agree_more_often(before).min(self.bear_out_changes(before)))
    }

    /// Of the examples of which the discriminative classifier says something else than in `before`: by how many standard errors Bayes'
    /// rule gives more often what it says now than what it said then (McNemar, Psychometrika 12, 1947).
    fn bear_out_changes(&self, before: &Answers) -> f64 {
        let changes = self.classes.iter().zip(&before.classes).filter(|([now, _], [then, _])| now != then);
        let [for_it, against] = changes.fold([0.0, 0.0], |[for_it, against], ([now, bayes], [then, _])| {
            let counts = |class| f64::from(u8::from(bayes == class));
            [for_it + counts(now), against + counts(then)]
        });
        if for_it == against { 0.0 } else { (for_it - against) / f64::sqrt(for_it + against) }
    }

    /// [Both](Self::rise_of_both) between two restorations: that it is surer counts up to a point, too, lest it outweigh that the two agree on far less.
    pub fn rise_over(&self, other: &Answers) -> f64 {
        let (surer, _) = self.rise(other);
        together(surer.clamp(-SURELY, SURELY), self.agree_more_often(other))
    }

    /// Whether the discriminative classifier is as sure as in `other`, within two standard errors.
    pub fn are_as_sure(&self, other: &Answers) -> bool {
        let differences = self.confidence.iter().zip(&other.confidence).map(|(a, b)| a - b);
        let (mean, error) = mean_and_error(differences);
        mean >= -2.0 * error
    }

    /// Mean highest probability.
    pub fn confidence(&self) -> f64 {
        self.confidence.iter().sum::<f64>() / self.confidence.len().max(1) as f64
    }

    /// On what share Bayes' rule agrees.
    pub fn agreement(&self) -> f64 {
        self.agrees.iter().filter(|agrees| **agrees).count() as f64 / self.agrees.len().max(1) as f64
    }

    /// What share is explained as clean examples are.
    pub fn explained(&self) -> f64 {
        self.explained.iter().filter(|explained| **explained).count() as f64
            / self.explained.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an adaptation has found counts for data that is like it but for chance, and not for any other.
    #[test]
    fn of_data_that_was_found_better_less_is_asked() {
        let with = |agreeing: usize, explained: usize| {
            let mut answers = answers(|i| 0.9 + 0.0001 * ((i * 37 + agreeing) % 100) as f64, agreeing);
            answers.explained = (0..100).map(|i| i < explained).collect();
            answers
        };
        let thresholds = Thresholds { rise: 3.0, ..Thresholds::default() };
        let (before, sure) = (with(40, 0), |agreeing| {
            let mut after = with(agreeing, 0);
            after.confidence.iter_mut().for_each(|p| *p += 0.05);
            after
        });
        let judged = |agreeing| {
            let after = sure(agreeing);
            (after.are_better(&before, 0.9, &thresholds), after.may_be_better(&before, 100, 0.9, &thresholds))
        };
        assert_eq!(judged(90), (true, true));
        // .855 are asked for, and a standard error of the difference is .059.
        assert_eq!(judged(75), (false, true));
        assert_eq!(judged(70), (false, false));
        // Many examples leave no doubt that the data that was found was not such.
        assert!(!sure(75).may_be_better(&before, 100_000, 0.9, &thresholds));
        // Nothing need have been done to what is explained as it is, unless the one is far surer.
        let (as_it_is, mut after) = (with(90, 100), with(89, 100));
        assert!(!after.may_be_better(&as_it_is, 100, 0.9, &thresholds));
        after.confidence.iter_mut().for_each(|p| *p += 0.05);
        assert!(after.may_be_better(&as_it_is, 100, 0.9, &thresholds));
        assert!(!after.are_better(&as_it_is, 0.9, &thresholds));
        // Nor where the two agree less often beyond chance.
        let mut less = with(84, 100);
        less.confidence.iter_mut().for_each(|p| *p += 0.05);
        assert!(!less.may_be_better(&as_it_is, 100, 0.9, &thresholds));
    }

    fn answers(confidence: impl Fn(usize) -> f64, agreeing: usize) -> Answers {
        Answers {
            confidence: (0..100).map(confidence).collect(),
            classes: (0..100).map(|i| [0, usize::from(i >= agreeing)]).collect(),
            agrees: (0..100).map(|i| i < agreeing).collect(),
            explained: vec![true; 100],
        }
    }

    /// That the classifier is hardly surer is made up for by Bayes' rule where that bears out what is now said differently.
    #[test]
    fn that_bayes_rule_agrees_more_often_counts_where_it_bears_out_what_changes() {
        let sure = |i: usize| 0.9 + 0.001 * (i % 7) as f64;
        let before = answers(sure, 50);
        let thresholds = Thresholds::default();
        // Of so many the classifier now says what Bayes' rule says.
        let changed = |n: usize| {
            let mut after = answers(sure, 50);
            for i in 50..50 + n {
                (after.classes[i], after.agrees[i]) = ([1, 1], true);
            }
            after
        };
        assert!(changed(40).are_better(&before, 0.9, &thresholds));
        let shown = changed(40).compared(&before, Some(0.9), &thresholds);
        assert!(shown.together.unwrap() > 4.0 && shown.surer == 0.0, "{shown}");
        // Bayes' rule now says what the classifier has always said: nothing is gained.
        let learnt = answers(sure, 90);
        assert!(learnt.agree_more_often(&before) > 5.0 && !learnt.are_better(&before, 0.9, &thresholds));
        // What changes on few, and is held against it on as many.
        let mut mixed = answers(sure, 90);
        for i in 0..10 {
            mixed.classes[i] = [1, i % 2];
        }
        assert!(!mixed.are_better(&before, 0.9, &thresholds));
        assert_eq!(before.bear_out_changes(&before), 0.0);
    }

    #[test]
    fn of_a_whole_data_set_agreement_counts_as_well() {
        let sure = |agreeing| answers(|i| 1.0 - 0.003 * (i * 37 % 100) as f64, agreeing);
        // By a bit more than two standard errors.
        let less_sure = |agreeing| answers(|i| 1.0 - 0.0036 * (i * 61 % 100) as f64, agreeing);
        let (surer, _) = less_sure(90).rise(&sure(60));
        assert!((-3.0..-2.0).contains(&surer), "{surer}");
        assert_eq!(less_sure(90).evidence_globally(&sure(60), Some(0.95)), f64::INFINITY);
        let more_often = less_sure(90).evidence_globally(&sure(78), Some(0.95));
        assert!((0.5..2.0).contains(&more_often), "{more_often}");
        assert!(less_sure(90).evidence_globally(&sure(88), Some(0.95)) < 0.0);
        assert_eq!(less_sure(50).evidence_globally(&sure(20), Some(0.95)), f64::NEG_INFINITY);
        assert_eq!(sure(80).evidence_globally(&less_sure(81), None), f64::NEG_INFINITY);
        // Far from everything the two may agree on the same wrong class.
        let mut far = sure(100);
        far.explained = vec![false; 100];
        assert_eq!(less_sure(95).evidence_globally(&far, Some(0.95)), f64::INFINITY);
    }

    #[test]
    fn of_rows_that_networks_make_it_counts_what_is_explained() {
        let explained = |agreeing, explained: bool| {
            let answers = answers(|i| 0.9 + 0.001 * (i % 7) as f64, agreeing);
            Answers { explained: vec![explained; 100], ..answers }
        };
        // The two agree on the same wrong class, far from everything.
        let far = explained(99, false);
        assert_eq!(explained(92, true).evidence_of_rows(&far, Some(0.95)), f64::INFINITY);
        // As columns that were exchanged: no m explains them.
        assert_eq!(explained(99, false).evidence_of_rows(&far, Some(0.95)), f64::NEG_INFINITY);
        let near = explained(80, true);
        let more_often = |agreeing| explained(agreeing, true).evidence_of_rows(&near, Some(0.95));
        assert!(more_often(95) > 2.0 && (0.0..2.0).contains(&more_often(82)), "{}", more_often(82));
        assert_eq!(explained(79, true).evidence_of_rows(&near, Some(0.95)), f64::NEG_INFINITY);
        assert_eq!(explained(60, true).evidence_of_rows(&far, Some(0.95)), f64::NEG_INFINITY);
    }

    #[test]
    fn what_speaks_against_restoration_is_said_in_numbers() {
        let [before, after] = [80, 84].map(|agreeing| answers(|i| 0.9 + 0.001 * (i % 7) as f64, agreeing));
        let words = after.compared_rows(&before, Some(0.93), 1.5);
        let words = Comparison { together: None, asked: Some(0.88), ..words }.to_string();
        assert_eq!(
            words,
            "the direct classifier is surer by 0.0 standard errors (1.5 are asked for), Bayes' rule agrees with it on 84% (on \
             80% as it is, on 93% of clean data; 88% are asked for), and 100% is explained as clean data is"
        );
        let rows = after.compared_rows(&before, None, 2.0);
        let words = rows.to_string();
        assert!(
            words.contains("(1.4 together with how much more often Bayes' rule agrees; 2.0 are")
                && words.contains("as it is), and"),
            "{words}"
        );
        let text = serde_json::to_string(&rows).unwrap();
        assert_eq!(serde_json::from_str::<Comparison>(&text).unwrap(), rows);
    }

    #[test]
    fn bayes_rule_is_heard_where_it_agrees_nearly_as_on_clean_examples() {
        let heard = |agreeing, classes| answers(|_| 0.9, agreeing).speak_for_bayes(0.9, classes);
        assert!(heard(71, 10) && !heard(69, 10));
        // Of two classes guesses agree on every second example.
        assert!(heard(81, 2) && !heard(79, 2));
    }

    #[test]
    fn both_must_rise() {
        let before = answers(|i| 0.5 + 0.001 * (i % 9) as f64, 60);
        let surer = |agreeing| answers(|i| 0.7 + 0.001 * (i % 7) as f64, agreeing);
        let thresholds = Thresholds::default();
        assert!(surer(80).are_better(&before, 0.9, &thresholds));
        assert!(
            !surer(60).are_better(&before, 0.9, &thresholds)
                && !surer(50).are_better(&before, 0.9, &thresholds)
        );
        assert!(!answers(|i| 0.4 + 0.001 * i as f64, 80).are_better(&before, 0.9, &thresholds));
        // However sure: of what is not explained either way nothing is restored, unless the two agree as on clean examples.
        let unexplained = |agreeing| Answers { explained: vec![false; 100], ..surer(agreeing) };
        assert!(!unexplained(80).are_better(&before, 0.9, &thresholds));
        assert!(unexplained(86).are_better(&before, 0.9, &thresholds));
        // Nor where the two agree on little.
        let of_few = answers(|i| 0.5 + 0.001 * (i % 9) as f64, 10);
        assert!(
            !surer(60).are_better(&of_few, 0.9, &thresholds)
                && surer(60).are_better(&of_few, 0.7, &thresholds)
        );
        // Unless rehearsal says that less is enough, and they agree far more often than before.
        let learnt = Thresholds { explained: 0.7, ..thresholds };
        let of_many = answers(|i| 0.5 + 0.001 * (i % 9) as f64, 55);
        assert!(
            surer(64).are_better(&of_few, 0.9, &learnt) && !surer(64).are_better(&of_few, 0.9, &thresholds)
        );
        assert!(!surer(64).are_better(&of_many, 0.9, &learnt));
        // Nothing has changed.
        assert!(!before.are_better(&before, 0.9, &Thresholds { rise: -1.0, ..thresholds }));
        assert_eq!(before.rise(&before), (0.0, 0.0));
        assert!(surer(1).are_as_sure(&before) && !before.are_as_sure(&surer(1)));
    }
}
