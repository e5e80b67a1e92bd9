//! What the demonstration found, for people and for programs.

use std::io::Write;
use std::path::{Path, PathBuf};

use cama::files::write_atomic;
use cama::{AdaptReport, Cama, Epoch, Error};
use cama_eval::Score;
use cama_eval::pictures::Picture;
use serde::Serialize;

use super::judge::Judgement;
use super::shared::Demo;
use crate::output::Output;
use crate::table::Table;

/// The file by which a folder is known to hold a demonstration; it is written last.
pub const REPORT: &str = "report.json";

/// Whether `folder` holds a demonstration that was written before.
pub fn is_demonstration(folder: &Path) -> bool {
    let json = std::fs::read(folder.join(REPORT)).ok();
    let report: Option<serde_json::Value> = json.and_then(|json| serde_json::from_slice(&json).ok());
    report.is_some_and(|report| report["program"].as_str().is_some_and(|name| name.starts_with(PROGRAM)))
}

/// How the name in the report begins.
pub const PROGRAM: &str = "cama demo";

/// Headings of the table: before, then after adapting.
const NETWORK: &str = "an ordinary network";
const BAYES: &str = "cama adapted: Bayes";
const DIRECT: &str = "network on restored";
const PRODUCT: &str = "product";
const CLEAN_AFTER: &str = "clean digits after";

/// What came of one manipulation.
#[derive(Serialize)]
pub struct Result {
    /// Its specification.
    pub manipulation: String,
    /// The same in words.
    pub words: String,
    /// The clean-trained model on test images with this manipulation.
    pub before: Judgement,
    /// The adapted model on the same images.
    pub after: Judgement,
    /// The adapted model on the test images as they are.
    pub clean_after: Judgement,
    /// What adaptation says of itself.
    pub adaptation: AdaptReport,
    /// Seconds that adaptation took.
    pub seconds: f64,
}

/// Everything that the demonstration found.
#[derive(Serialize)]
pub struct Report {
    program: String,
    seed: u64,
    train_data: String,
    adapt_data: String,
    test_data: String,
    samples: usize,
    history: Vec<Epoch>,
    dream_steps: usize,
    clean_before: Judgement,
    results: Vec<Result>,
    commands: Vec<String>,
    seconds: f64,
}

impl Report {
    /// Puts together what was found.
    pub fn new(
        demo: &Demo,
        clean: &Cama,
        before: &Judgement,
        results: Vec<Result>,
        clean_path: &Path,
    ) -> Self {
        let (plan, seed) = (&demo.plan, demo.session.seeds.given);
        let mut commands = clean.card().commands.clone();
        for case in plan.cases() {
            let path = clean_path.with_file_name(&case.name);
            let lines = [plan.adapt(&case, clean_path, &path, seed).0, plan.evaluate(&case, &path, seed)];
            commands.extend(lines.map(|line| demo.session.with_command(&line, "").command));
        }
        Self {
            program: format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION")),
            seed,
            train_data: plan.train_data(),
            adapt_data: plan.adapt_data(),
            test_data: plan.test_data(),
            samples: plan.samples,
            history: clean.card().history.clone(),
            dream_steps: clean.card().dream_steps,
            clean_before: before.clone(),
            results,
            commands,
            seconds: demo.began.elapsed().as_secs_f64(),
        }
    }

    /// Accuracy before and after by each rule, a row for each manipulation.
    pub fn table(&self) -> Table {
        let mut table = Table::new(["digits", NETWORK, BAYES, DIRECT, PRODUCT, CLEAN_AFTER]);
        table.row(["as they are".to_string(), percent(self.clean_before.network.accuracy)]);
        for Result { words, before, after, clean_after, .. } in &self.results {
            let scores = [&before.network, &after.bayes, &after.direct, &after.product, &clean_after.product];
            let cells = scores.map(|score| percent(score.accuracy));
            table.row([words.clone()].into_iter().chain(cells));
        }
        table
    }

    /// Writes models and pictures, then the report.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(
        &self,
        out: &Output,
        models: &[(PathBuf, Cama)],
        pictures: &[(&'static str, Picture)],
    ) -> anyhow::Result<()> {
        for (path, stored) in models {
            stored.save(path)?;
        }
        let folder = out.path();
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        for (name, picture) in pictures {
            picture.save(folder.join(name))?;
        }
        let page = self.page(pictures);
        write_atomic(folder.join("report.md"), |file| file.write_all(page.as_bytes()))?;
        let json = serde_json::to_vec_pretty(self)?;
        write_atomic(folder.join(REPORT), |file| file.write_all(&json))?;
        Ok(())
    }

    /// What is said at the end.
    pub fn closing(&self, out: &Output, pictures: &[(&'static str, Picture)]) -> String {
        let path = |name: &str| out.path().join(name).display().to_string();
        let names = pictures.iter().map(|(name, _)| *name).chain(["report.md", "models"]);
        let widest = names.clone().map(|name| path(name).chars().count()).max().unwrap_or(0);
        let lines: String =
            names.map(|name| format!("   {:widest$}  {}\n", path(name), caption(name))).collect();
        format!("5  To look at\n\n{lines}\nAll of it in {:.0} s.", self.seconds)
    }

    /// The report in Markdown.
    fn page(&self, pictures: &[(&'static str, Picture)]) -> String {
        let Self { train_data, adapt_data, test_data, samples, dream_steps, seed, .. } = self;
        let epochs = self.history.last().map_or(0, |last| last.epoch);
        let elbo = self.history.last().map_or(f64::NAN, |epoch| epoch.elbo);
        let mut text = format!(
            "# A classifier recovers from manipulations that it was not trained on\n\n\
             Trained on clean digits only (`{train_data}`, {epochs} epochs, validation ELBO {elbo:.2} nats), with \
             {dream_steps} steps of dreaming. Adapted, for each manipulation separately, to unlabelled \
             digits of `{adapt_data}` that are manipulated in this way. Judged on `{test_data}`, which no step was \
             trained on. The ordinary network is a small convolutional one, fitted to the same clean digits; after \
             adapting, it reads them restored, T_m⁻¹(x), where a guard finds the model to explain them so, and what \
             Bayes\' rule says is multiplied with what it says (product). Accuracies with K = {samples} samples, with \
             their 95% intervals below; seed {seed}; {:.0} s in all.\n\n{}\n",
            self.seconds,
            self.table().markdown()
        );
        text += &self.details().markdown();
        for (name, _) in pictures {
            text += &format!("\n![{0}]({name})\n\n{0}\n", caption(name));
        }
        text += "\n## The same by hand\n\n";
        self.commands.iter().for_each(|command| text += &format!("    {command}\n"));
        text
    }

    fn details(&self) -> Table {
        let interval = |score: &Score| {
            let [low, high] = score.accuracy_interval.map(percent);
            format!("{low} to {high}")
        };
        let mut table = Table::new([
            "manipulation",
            NETWORK,
            "Bayes before",
            PRODUCT,
            CLEAN_AFTER,
            "restored",
            "unexplained",
            "ELBO(x) before",
            "after",
            "seconds",
        ]);
        for Result { manipulation, before, after, clean_after, adaptation, seconds, .. } in &self.results {
            table.row([
                manipulation.clone(),
                interval(&before.network),
                interval(&before.bayes),
                interval(&after.product),
                interval(&clean_after.product),
                percent(after.restored),
                percent(after.unexplained),
                format!("{:.2}", adaptation.elbo_before),
                format!("{:.2}", adaptation.elbo_after),
                format!("{seconds:.0}"),
            ]);
        }
        table
    }
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

fn caption(picture: &str) -> &'static str {
    match picture {
        "restored.png" => "what was done to digits, inferred and undone",
        "more.png" => "the same of all nine, of which those above are the most changed",
        "samples.png" => "digits that the clean-trained model imagines",
        "walk.png" => "what each component of m does to a digit",
        "report.md" => "this result, and the commands that make it by hand",
        "models" => "the model trained on clean digits, and one for each manipulation",
        _ => "",
    }
}
