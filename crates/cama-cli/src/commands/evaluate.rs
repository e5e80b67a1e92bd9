//! `cama evaluate`: a model's score under each manipulation.

use std::io::Write;

use cama::data::table::Rows;
use cama::data::{Dataset, Images};
use cama::{Cama, Error, M, PredictConfig, Predictor, Rule};
use cama_eval::page;
use cama_eval::{Evaluated, Row, Shares, evaluate, manipulations};

use super::attack::{Attacking, Surrogates, warn_of_masking};
use super::baseline::Against;
use super::classifier::open_classifier;
use super::{load_model, warn_unguarded};
use crate::flags::{EvaluateFlags, refuse};
use crate::output::Output;
use crate::progress::count;
use crate::session::Session;
use crate::source::{Source, Wanted, reads_images};
use crate::table::Table;

/// Prints a table, or JSON lines.
///
/// # Errors
///
/// If the model or the data cannot be used.
pub fn run(flags: &EvaluateFlags, session: &Session) -> anyhow::Result<()> {
    let page = flags.page.as_deref().map(|path| Output::file(path, flags.force)).transpose()?;
    let mut failed = Ok(());
    let (rows, noun) = rows(flags, session, &mut |row| {
        if flags.json && failed.is_ok() {
            failed = print_json(row);
        }
    })?;
    failed?;
    if let Some(out) = &page {
        out.write_text(&page::evaluation(&rows, noun))?;
    }
    if !flags.json {
        write!(std::io::stdout(), "{}", table(&rows, noun).plain(""))?;
    }
    Ok(())
}

/// The rows, and what an example is called; `each` sees every row as soon as it is there.
///
/// # Errors
///
/// If the model or the data cannot be used.
pub fn rows(
    flags: &EvaluateFlags,
    session: &Session,
    each: &mut dyn FnMut(&Row),
) -> anyhow::Result<(Vec<Row>, &'static str)> {
    let against = Against::read(flags)?;
    let cama = flags.model.as_ref().map(|folder| load_model(folder, session)).transpose()?;
    let images = match (&cama, against.kept()) {
        (Some(cama), _) => reads_images(cama),
        (None, Some(baseline)) => baseline.schema().is_none(),
        (None, None) => return Err(Error::spec("flag", "--model", "give a model, or --baseline").into()),
    };
    Ok(match images {
        true => (rows_of::<Images>(flags, cama.as_ref(), against, session, each)?, "image"),
        false => (rows_of::<Rows>(flags, cama.as_ref(), against, session, each)?, "row"),
    })
}

fn rows_of<D: Source>(
    flags: &EvaluateFlags,
    cama: Option<&Cama>,
    against: Against,
    session: &Session,
    each: &mut dyn FnMut(&Row),
) -> anyhow::Result<Vec<Row>> {
    let judging = Judging { flags, cama, session };
    let Some(cama) = cama else {
        let said_of_models = [
            ("classifier", flags.classifier.classifier.is_some()),
            ("rule", flags.prediction.rule.is_some()),
            ("m", flags.prediction.m.is_some()),
            ("no-guard", flags.prediction.no_guard),
        ];
        refuse("baselines, without a --model", &said_of_models)?;
        return judging.judge::<D>(None, against, each);
    };
    warn_unguarded(cama, flags.prediction.no_guard, session);
    let classifier = open_classifier(&flags.classifier, cama)?;
    let mut predictor = cama.predictor();
    if let Some(classifier) = &classifier {
        predictor = predictor.external(&**classifier);
    }
    if predictor.decider.classifier().is_some() {
        // Every rule, side by side, unless one is asked for.
        predictor = predictor.rule(Rule::Product);
    }
    let predictor = flags.prediction.overlay(predictor, session.seeds.predict)?;
    say_kept(cama, &predictor, session);
    session.detail(|| format!("{} with {:?}", flags.data.join(", "), predictor.config));
    judging.judge::<D>(Some(Evaluated::Cama(Box::new(predictor))), against, each)
}

/// Says what the last adaptation kept, and how the model is judged.
fn say_kept(cama: &Cama, predictor: &Predictor, session: &Session) {
    let Some(report) = cama.report() else { return };
    let m = match predictor.config.predict.m {
        M::Null | M::Given(_) => "do(m=0)",
        M::Global => "the m of the data set",
        M::Mean => "the mean of q2(m|x)",
        M::Sample => "a sample of q2(m|x)",
    };
    let guard = if predictor.decider.guard.is_some() { "with a guard" } else { "without a guard" };
    session.say(format!("the last adaptation: {}\njudged with {m}, {guard}", report.kept()));
}

/// Warns of labelled data that is of one class: any classifier that gives always that class is right on all of it.
fn warn_of_one_class(data: &impl Dataset, session: &Session) {
    if let Some(only) = data.only_class().filter(|_| data.len() > 1) {
        session.warn(format!(
            "all of {} is of one class, `{only}`: accuracy on it says little; of a file that is sorted by class, a range such as \
             `[..1000]` may hold one",
            data.name()
        ));
    }
}

/// What is judged by, besides the model itself.
struct Judging<'a> {
    flags: &'a EvaluateFlags,
    cama: Option<&'a Cama>,
    session: &'a Session,
}

impl Judging<'_> {
    /// Judges the model, if there is one, and what it is to be compared with.
    fn judge<D: Source>(
        &self,
        model: Option<Evaluated<D>>,
        against: Against,
        each: &mut dyn FnMut(&Row),
    ) -> anyhow::Result<Vec<Row>> {
        let Self { flags, cama, session } = *self;
        let attacking = Attacking::parse(&flags.attack, D::IS_IMAGES)?;
        let manipulations = manipulations(&flags.manipulate, !flags.no_clean)?;
        let all = self.data::<D>(&against)?;
        for data in &all {
            warn_of_one_class(data, session);
        }
        let models = against.models(session)?;
        let baselines = against.open::<D>(flags, cama, session)?;
        let others = baselines.iter().filter(|named| named.judged);
        let others = others.map(|named| Evaluated::Baseline(&named.name, &named.baseline));
        let evaluated: Vec<Evaluated<D>> = model.into_iter().chain(others).collect();
        let rows_each = evaluated.iter().map(|one| one.names().len()).sum::<usize>();
        let bar = count(session, all.len() * manipulations.len() * rows_each, "evaluating");
        let mut rows = Vec::new();
        for data in &all {
            rows.extend(evaluate(&evaluated, data, &manipulations, session.seeds.manipulate, |row| {
                bar.inc(1);
                each(row);
            })?);
        }
        bar.finish_and_clear();
        let predict = PredictConfig { seed: session.seeds.predict, ..PredictConfig::default() };
        let predict =
            flags.prediction.samples.map_or(predict.clone(), |samples| PredictConfig { samples, ..predict });
        let surrogates = Surrogates { baselines: &baselines, models: &models, predict: &predict };
        rows.extend(attacking.run(&evaluated, &all, &surrogates, session, each)?);
        warn_of_masking(&rows, session);
        Ok(rows)
    }

    /// The data that is judged on, as the model, or else the first baseline, reads it.
    fn data<D: Source>(&self, against: &Against) -> cama::Result<Vec<D>> {
        let Self { flags, cama, session } = *self;
        let load = |spec: &String| match (cama, against.kept()) {
            (Some(cama), _) => {
                let reading = &flags.reading;
                D::load(&Wanted { spec, labelled: true, manipulate: None, cama, reading, session })
            }
            (None, Some(baseline)) => D::load_for(spec, true, baseline, &flags.reading, session),
            (None, None) => unreachable!("without a model there is a baseline"),
        };
        flags.data.iter().map(load).collect()
    }
}

fn print_json(row: &Row) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string(row)?)?;
    Ok(())
}

fn table(rows: &[Row], noun: &str) -> Table {
    // What is the same in all rows is left out.
    let same = |of: fn(&Row) -> &String| rows.iter().all(|row| of(row) == of(&rows[0]));
    let transferred = |row: &Row| row.attack.as_ref().is_some_and(|attack| attack.made_on != row.classifier);
    let named = [!same(|row| &row.data), true, rows.iter().any(transferred), !same(|row| &row.classifier)];
    let joined = |parts: [&str; 4]| {
        let parts = parts.into_iter().zip(named).filter(|(_, named)| *named).map(|(part, _)| part);
        parts.collect::<Vec<_>>().join(", ")
    };
    let first = joined(["data", "manipulation", "made on", "classifier"]);
    let examples = format!("{noun}s");
    let mut table = Table::new([
        first.as_str(),
        "severity",
        "accuracy",
        "95% interval",
        "log p(y|x)",
        "calibration error",
        "log p(x)",
        "restored",
        "unexplained",
        &examples,
    ]);
    for Row { data, classifier, manipulation, severity, score, guard, attack } in rows {
        let [low, high] = score.accuracy_interval;
        let share = |of: fn(&Shares) -> f64| guard.as_ref().map_or("–".into(), |g| format!("{:.3}", of(g)));
        table.row([
            joined([data, manipulation, attack.as_ref().map_or("–", |attack| &attack.made_on), classifier]),
            severity.to_string(),
            format!("{:.4}", score.accuracy),
            format!("{low:.4}–{high:.4}"),
            format!("{:.4}", score.log_likelihood),
            format!("{:.4}", score.calibration_error),
            score.log_px.map_or("–".into(), |log_px| format!("{log_px:.2}")),
            share(|guard| guard.restored),
            share(|guard| guard.unexplained),
            score.n.to_string(),
        ]);
    }
    table
}
