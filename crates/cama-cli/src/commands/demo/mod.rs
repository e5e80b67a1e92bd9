//! `cama demo`: a classifier recovers from manipulations that it never saw.

mod judge;
mod own;
mod pictures;
mod plan;
mod report;
mod shared;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use cama::data::Images;
use cama::manipulation::Manipulation;
use cama::{Cama, Error, Result};

use self::judge::Judgement;
use self::plan::{Case, Plan};
use self::report::{Report, Result as CaseResult, is_demonstration, percent};
use self::shared::Demo;
use super::{adapt, train};
use crate::flags::DemoFlags;
use crate::output::Output;
use crate::session::Session;

/// What lines below a step begin with.
const INDENT: &str = "   ";

/// Runs the demonstration, tells it, and writes models, pictures and a report.
///
/// # Errors
///
/// If the folder cannot be written, training or adaptation fails, or it is interrupted; then nothing is
/// written.
pub fn run(flags: &DemoFlags, session: &Session) -> anyhow::Result<()> {
    if let Some(data) = &flags.data {
        return own::run(data, flags, session);
    }
    if flags.table.graph.is_some() {
        return Err(Error::config(
            "graph",
            "given",
            "together with --data: the demonstration's own data is digits",
        )
        .into());
    }
    let out = Output::folder(&flags.out, flags.force || is_demonstration(&flags.out))?;
    let plan = if flags.quick { Plan::QUICK } else { Plan::FULL };
    let began = Instant::now();
    let test = cama::data::load(&plan.test_data())?;
    let demo = Demo { plan, session, test, began };
    let clean_path = out.path().join("models/clean");

    session.tell("A classifier recovers from manipulations that it was not trained on.\n");
    let clean = demo.train(&clean_path)?;
    let before = demo.break_it(&clean)?;
    let mut results = Vec::new();
    let mut models = vec![(clean_path.clone(), clean.clone())];
    session.tell(format!(
        "3  Adapt to each, on other digits manipulated alike, without labels: {}",
        demo.plan.adapt_data()
    ));
    for (case, before) in demo.plan.cases().into_iter().zip(&before[1..]) {
        let path = out.path().join("models").join(&case.name);
        let (adapted, result) = demo.adapt(&clean, &case, before, [&clean_path, &path])?;
        results.push(result);
        models.push((path, adapted));
    }
    let report = Report::new(&demo, &clean, &before[0], results, &clean_path);
    session.tell("\n4  The result, on digits that no step was trained on\n");
    // The result is told to the quiet, too; an output that is closed must not cost the files below.
    let _ = writeln!(std::io::stdout(), "{}", report.table().plain(INDENT));

    let pictures = demo.pictures(&models)?;
    report.write(&out, &models, &pictures)?;
    session.tell(report.closing(&out, &pictures));
    Ok(())
}

impl Demo<'_> {
    fn train(&self, path: &Path) -> Result<Cama> {
        let (line, flags) = self.plan.train(path, self.session.seeds.given);
        self.session.tell(format!("1  Train on clean digits: {}", self.plan.train_data()));
        train::fit(&flags, &self.session.with_command(&line, INDENT))
    }

    /// The clean-trained model on the test images as they are and under each manipulation.
    fn break_it(&self, clean: &Cama) -> Result<Vec<Judgement>> {
        self.session.tell(format!(
            "\n2  Break it: test digits, manipulated in ways that no training digit was: {}\n\n\
             {INDENT}an ordinary network  Bayes' rule",
            self.plan.test_data()
        ));
        let mut judged = vec![(Manipulation::none(), "as they are")];
        judged.extend(self.plan.cases().into_iter().map(|case| (case.manipulation, case.words)));
        let judge = |(manipulation, words): &(Manipulation, &str)| {
            let judgement = self.judge(clean, manipulation)?;
            let [network, bayes] = [&judgement.network, &judgement.bayes].map(|s| percent(s.accuracy));
            self.session.tell(format!("{INDENT}{network:>19}  {bayes:>11}  correct  {words}"));
            Ok(judgement)
        };
        judged.iter().map(judge).collect::<Result<_>>().inspect(|_| self.session.tell(""))
    }

    fn adapt(
        &self,
        clean: &Cama,
        case: &Case,
        before: &Judgement,
        [from, to]: [&Path; 2],
    ) -> Result<(Cama, CaseResult)> {
        let (line, flags) = self.plan.adapt(case, from, to, self.session.seeds.given);
        self.session.tell(format!("{INDENT}{}", case.words));
        let began = Instant::now();
        let adapted = adapt::fit::<Images>(&flags, clean, &self.session.with_command(&line, INDENT))?;
        let seconds = began.elapsed().as_secs_f64();
        let Some(report) = adapted.report() else {
            return Err(Error::Interrupted("nothing was adapted".into()));
        };
        let result = CaseResult {
            manipulation: case.manipulation.to_string(),
            words: case.words.into(),
            before: before.clone(),
            after: self.judge(&adapted, &case.manipulation)?,
            clean_after: self.judge(&adapted, &Manipulation::none())?,
            adaptation: report.clone(),
            seconds,
        };
        let kept = match &report.rollback_reason {
            Some(reason) => format!(" (rolled back: {reason})"),
            None => String::new(),
        };
        self.session.tell(format!(
            "{INDENT}{} → {} correct{kept}\n",
            percent(result.before.network.accuracy),
            percent(result.after.product.accuracy)
        ));
        Ok((adapted, result))
    }
}
